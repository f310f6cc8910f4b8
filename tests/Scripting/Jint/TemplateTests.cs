using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Tests.Jint;

public sealed class TemplateTests
{
    private static readonly SourcePosition Position = new("index.html", 3, 9);

    [Theory]
    [InlineData("table('users').find(user).balance", "100")]
    [InlineData("mjolnir.table('users').find(mjolnir.user).name", "a&lt;b&gt;&amp;&quot;")]
    [InlineData("kv.get('list')[1]", "2")]
    [InlineData("kv.get('list')", "[1,2]")]
    [InlineData("table('users').find('nobody').balance", "")]
    [InlineData("table('users').find('nobody').data.deep[5].toUpperCase()", "")]
    [InlineData("table('users').find(user).data.missing", "")]
    [InlineData("null", "")]
    [InlineData("undefined", "")]
    [InlineData("1 + 2", "3")]
    [InlineData("'{{'", "{{")]
    [InlineData("user", "alice")]
    [InlineData("true ? 'yes' : 'no'", "yes")]
    public void An_expression_gives_text(string expression, string expected) => Assert.Equal(expected, Value(expression));

    [Theory]
    [InlineData("'<b>'", "raw", "<b>")]
    [InlineData("'straße'", "upper", "STRASSE")]
    [InlineData("'ABC'", "lower", "abc")]
    [InlineData("{a: '<'}", "json", "{&quot;a&quot;:&quot;&lt;&quot;}")]
    [InlineData("null", "default:'none'", "none")]
    [InlineData("0", "default:'none'", "0")]
    [InlineData("5", "date", "1970-01-01T00:00:00.005Z")]
    public void Filters_change_it(string expression, string filter, string expected) => Assert.Equal(expected, Value(expression, filter));

    [Theory]
    [InlineData("table('users').insert({name: 'x'})", "templates only read")]
    [InlineData("table('users').find(user).balance = 5", "templates only read")]
    [InlineData("kv.set('a', 1)", "templates only read")]
    [InlineData("nowhere", "nowhere is not defined")]
    [InlineData("cart", "cart is not defined")]
    [InlineData("(function () { throw new Error('x'); })()", "x")]
    [InlineData("table('nope')", "there is no table 'nope'")]
    [InlineData("1 +", "SyntaxError")]
    public void A_template_that_fails_is_empty_and_told(string expression, string reason)
    {
        var result = Render(expression, []);
        Assert.Equal((RunStatus.Completed, ""), (result.Status, result.Values[0]));
        Assert.Contains(reason, Assert.Single(result.Failures).Message, StringComparison.Ordinal);
        Assert.Equal("index.html", result.Failures[0].Position.File);
    }

    [Fact]
    public void Attributes_are_plain_text_of_all_their_parts()
    {
        using var page = Page(new Template(0, TemplateKind.Attribute, [Literal("<"), Part("'a'", []), Literal("-"), Part("'>'", [])], Position));
        Assert.Equal("<a->", page.Render().Values[0]);
    }

    [Fact]
    public void A_missing_row_is_asked_for()
    {
        using var page = Page(new Template(0, TemplateKind.Text, [Part("table('users').find('far').balance", [])], Position));
        page.WithUnknownRow("users", "far");
        var result = page.Render();
        Assert.Equal((RunStatus.RowMissing, ScriptPage.Key("users", "far")), (result.Status, result.Missing));
    }

    [Fact]
    public void An_endless_template_ends_and_others_go_on()
    {
        var result = Render("(function () { for (;;); })()", []);
        Assert.Equal(RunStatus.Aborted, result.Status);
        Assert.Equal("3", Value("1 + 2"));
    }

    [Fact]
    public void Templates_leave_nothing_behind()
    {
        using var page = Page(
            new Template(0, TemplateKind.Text, [Part("[1].leak", [])], Position),
            new Template(1, TemplateKind.Text, [Part("(Array.prototype.leak = 'secret', '')", [])], Position));
        page.Render();
        Assert.Equal("", page.Render().Values[0]);
    }

    private static string Value(string expression, params string[] filters)
    {
        var result = Render(expression, filters);
        Assert.Empty(result.Failures);
        return result.Values[0];
    }

    private static RenderResult Render(string expression, string[] filters)
    {
        using var page = Page(new Template(0, TemplateKind.Text, [Part(expression, filters)], Position));
        return page.Render();
    }

    private static ScriptPage Page(params Template[] templates)
    {
        var page = new ScriptPage(ScriptLimits.Default, [new PageScript("var cart = 5;", "bank.js", 1, 1)], [], templates);
        return page.WithRow("users", "alice", """{"name":"a<b>&\"","balance":100}""").WithRow("_kv", "list", "[1,2]");
    }

    private static TemplatePart Literal(string text) => new(text, null, [], Position);

    private static TemplatePart Part(string expression, string[] filters) => new(null, expression, filters, Position);
}
