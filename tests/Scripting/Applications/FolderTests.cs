using System.Text;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Tests.Applications;

public class FolderTests
{
    [Fact]
    public void A_folder_that_does_not_exist_is_a_mistake_of_words()
    {
        var mistakes = ApplicationLoader.Load(Path.Combine(Path.GetTempPath(), "mjolnir-test-absent")).Diagnostics;
        Assert.Equal("mjolnir.json:1:1 there is no folder 'mjolnir-test-absent' Name the folder that holds mjolnir.json.", $"{mistakes[0].Position} {mistakes[0].Message} {mistakes[0].Hint}");
    }

    [Fact]
    public void A_folder_without_manifest_is_told_how_to_begin()
    {
        using var folder = new TestFolder();
        Assert.Equal(["mjolnir.json:1:1: there is no mjolnir.json in this folder | Create it: {\"name\": \"my-app\", \"tables\": {}}."], TestFolder.Lines(folder.Load()));
    }

    [Fact]
    public void Everything_else_is_served_under_its_path_and_type()
    {
        using var folder = TestFolder.With(("a/b.css", "p{}"), ("x.PNG", ""), ("notes", "n"), ("a/index.html", ""), (".secret", "s"), ("a/.git/config", "s"));
        folder.Write("mjolnir.json", """{"name":"shop","tables":{"t":{"key":"id","columns":{"id":"string"},"seed":"seeds/t.json"}}}""");
        folder.Write("seeds/t.json", "[]");
        var application = folder.LoadRight();
        Assert.Equal(["/a/b.css text/css; charset=utf-8", "/notes application/octet-stream", "/x.PNG image/png"],
            application.Assets.Values.Select(asset => asset.Path + " " + asset.ContentType).Order(StringComparer.Ordinal));
        Assert.Equal("/a/index.html", Assert.Single(application.Pages).Key);
    }

    [Fact]
    public void A_link_is_followed_within_the_folder_and_never_out_of_it()
    {
        using var outside = new TestFolder();
        outside.Write("secret.txt", "s");
        using var folder = TestFolder.With(("real.txt", "r"), (".hidden", "h"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "inside.txt"), "real.txt");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "out.txt"), Path.Combine(outside.Path, "secret.txt"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "hidden.txt"), ".hidden");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "gone.txt"), "absent.txt");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "circle.txt"), "circle.txt");
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "all"), outside.Path);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "round.txt"), "all/secret.txt");
        var result = folder.Load();
        Assert.DoesNotContain(result.Diagnostics, mistake => mistake.Position.File != "circle.txt");
        File.Delete(Path.Combine(folder.Path, "circle.txt"));
        Assert.Equal(["/inside.txt", "/real.txt"], folder.LoadRight().Assets.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_file_over_the_limit_is_told()
    {
        using var folder = TestFolder.With();
        folder.Write("big.bin", new byte[ApplicationLimits.MaxFileBytes + 1]);
        Assert.Equal(["big.bin:1:1: the file has 32 MB; the limit is 32 MB | Serve large files from elsewhere, or remove it from the folder."], TestFolder.Lines(folder.Load()));
    }

    [Fact]
    public void The_version_changes_with_any_byte_and_only_then()
    {
        using var folder = TestFolder.With(("a.txt", "one"));
        var first = folder.LoadRight().Version;
        Assert.Equal(16, first.Length);
        Assert.Equal(first, folder.LoadRight().Version);
        folder.Write("a.txt", "two");
        var second = folder.LoadRight().Version;
        Assert.NotEqual(first, second);
        File.Move(Path.Combine(folder.Path, "a.txt"), Path.Combine(folder.Path, "b.txt"));
        Assert.NotEqual(second, folder.LoadRight().Version);
    }

    [Fact]
    public void A_page_that_is_no_text_is_told()
    {
        using var folder = TestFolder.With();
        folder.Write("index.html", [.. Encoding.UTF8.GetBytes("<p>ä\n"), 0xE4, (byte)'x']);
        Assert.Equal(["index.html:2:1: this is not UTF-8 | Save the file as UTF-8."], TestFolder.Lines(folder.Load()));
    }
}
