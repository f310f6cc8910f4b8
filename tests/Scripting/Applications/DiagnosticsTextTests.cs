using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Tests.Applications;

public class DiagnosticsTextTests
{
    [Fact]
    public void A_mistake_is_shown_with_its_line_a_mark_and_the_hint()
    {
        using var folder = TestFolder.With(("index.html", "<p>\n\t<b>{{ usr }}</b>\r\n"));
        Assert.Equal(
            """
            index.html:2:8: 'usr' is not known in a template
                 <b>{{ usr }}</b>
                       ^
                Did you mean 'user'? Templates see table, kv, user and JavaScript's own library; the page's variables and functions are out of reach.

            """.ReplaceLineEndings("\n"),
            DiagnosticsText.Format(folder.Load().Diagnostics, folder.Path));
    }

    [Fact]
    public void A_long_line_is_cut_around_the_place()
    {
        using var folder = TestFolder.With(("a.txt", new string('x', 5000) + "HERE" + new string('y', 5000)));
        var lines = DiagnosticsText.Format([new Diagnostic(new SourcePosition("a.txt", 1, 5001), "m", null)], folder.Path).Split('\n');
        Assert.True(lines[1].Length <= 124);
        Assert.Equal("HERE", lines[1][lines[2].IndexOf('^', StringComparison.Ordinal)..][..4]);
    }

    [Fact]
    public void A_place_that_is_no_more_is_no_harm()
    {
        var mistakes = new[] { new Diagnostic(new SourcePosition("gone.html", 7, 9), "m", "h"), new Diagnostic(new SourcePosition("mjolnir.json", 99, 9), "n", null) };
        using var folder = TestFolder.With();
        Assert.Equal("gone.html:7:9: m\n    h\nmjolnir.json:99:9: n\n", DiagnosticsText.Format(mistakes, folder.Path));
    }
}
