using System.Text;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Tests.Applications;

/// <summary>An application in a temporary folder, written file by file.</summary>
internal sealed class TestFolder : IDisposable
{
    public const string Manifest = """{"name":"shop","tables":{"users":{"key":"name","columns":{"name":"string","balance":"integer"}}}}""";

    public string Path { get; } = Directory.CreateTempSubdirectory("mjolnir-test-").FullName;

    public static TestFolder With(params (string Path, string Text)[] files)
    {
        var folder = new TestFolder();
        folder.Write(ApplicationFolder.ManifestName, Manifest);
        foreach (var (path, text) in files)
        {
            folder.Write(path, text);
        }

        return folder;
    }

    public void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    public void Write(string path, byte[] bytes)
    {
        var full = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, bytes);
    }

    public LoadResult Load() => ApplicationLoader.Load(Path);

    /// <summary>The application; fails, telling the mistakes, if there are any.</summary>
    public Application LoadRight()
    {
        var result = Load();
        Assert.True(result.Application is not null, DiagnosticsText.Format(result.Diagnostics, Path));
        Assert.Empty(result.Diagnostics);
        return result.Application!;
    }

    /// <summary>An application of one page; fails if there are mistakes.</summary>
    public static (Application Application, Page Page) Page(string html, params (string Path, string Text)[] files)
    {
        using var folder = With([("index.html", html), .. files]);
        var application = folder.LoadRight();
        return (application, application.Pages["/index.html"]);
    }

    /// <summary>The mistakes of an application of one page, as <c>file:line:column: message | hint</c>.</summary>
    public static string[] Mistakes(string html, params (string Path, string Text)[] files)
    {
        using var folder = With([("index.html", html), .. files]);
        return Lines(folder.Load());
    }

    public static string[] Lines(LoadResult result)
    {
        Assert.Equal(result.Diagnostics.Count == 0, result.Application is not null);
        return [.. result.Diagnostics.Select(d => $"{d.Position}: {d.Message} | {d.Hint}")];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Pages as served.</summary>
internal static class Served
{
    /// <summary>The page with <c>[n]</c> in the place of template n's value, without what is put first in the head.</summary>
    public static string Text(this Page page)
    {
        var text = Whole(page);
        var start = text.IndexOf("<script type=\"application/json\" id=\"mjolnir-page\">", StringComparison.Ordinal);
        const string End = "<script src=\"/_mjolnir/mjolnir.js\"></script>";
        return text.Remove(start, text.IndexOf(End, StringComparison.Ordinal) + End.Length - start);
    }

    public static string Whole(this Page page)
    {
        Assert.Equal(page.Slots.Count + 1, page.Literals.Count);
        var text = new StringBuilder(Encoding.UTF8.GetString(page.Literals[0].Span));
        for (var i = 0; i < page.Slots.Count; i++)
        {
            text.Append('[').Append(page.Slots[i]).Append(']').Append(Encoding.UTF8.GetString(page.Literals[i + 1].Span));
        }

        return text.ToString();
    }

    public static string Manifest(this Page page)
    {
        var text = Whole(page);
        const string Start = "<script type=\"application/json\" id=\"mjolnir-page\">";
        var start = text.IndexOf(Start, StringComparison.Ordinal) + Start.Length;
        return text[start..text.IndexOf("</script>", start, StringComparison.Ordinal)];
    }
}
