using System.Diagnostics;
using System.Text;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Tests.Applications;

namespace Mjolnir.Scripting.Tests.Pages;

/// <summary>Whatever a folder holds: an application or diagnostics, soon, never an exception.</summary>
public class FuzzTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(4);

    private static readonly string[] Pieces =
    [
        "<", ">", "</", "/>", "<!--", "-->", "<!doctype html>", "<script>", "</script>", "<style>", "<table>", "<tr>", "<td>", "<svg>", "<template>", "</template>",
        "<textarea>", "<title>", "<select><option>", "<b onclick=\"", "\"", "'", "=", " ", "\n", "\r", "\0", "&", "&lt;", "&#0;", "{{", "}}", "{{ user }}", "| raw", "{", "}", "(", ")",
        "[", "]", "mjolnir.table('users')", ".find(user)", "function f() {", "send();", "addEventListener('x', ", "function (e) { mjolnir.now(); }", "var a = ", "/", "\\", "`", "${", "=>",
        "onclick", "id=a", "name=b", "\uE000", "\uFEFF", "\uD800", "🙂", "<head>", "<body onload=f()>", "<p title={{ user }}>", "0x", "/*", "//", "let x = 1", "el.onclick = f;", "return",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Loading_never_throws_and_never_hangs(int seed)
    {
        var random = new Random(seed);
        using var folder = new TestFolder();
        var clock = Stopwatch.StartNew();
        for (var round = 0; clock.Elapsed < Budget; round++)
        {
            var html = Html(random);
            folder.Write("mjolnir.json", random.Next(4) == 0 ? Mutate(random, Encoding.UTF8.GetBytes(TestFolder.Manifest)) : Encoding.UTF8.GetBytes(TestFolder.Manifest));
            folder.Write("index.html", html);
            folder.Write("a.js", Encoding.UTF8.GetBytes(Soup(random)));
            try
            {
                var began = clock.Elapsed;
                var result = folder.Load();
                Assert.Equal(result.Application is null, result.Diagnostics.Count > 0);
                DiagnosticsText.Format(result.Diagnostics, folder.Path);
                Assert.True(clock.Elapsed - began < TimeSpan.FromSeconds(30), "a load took too long");
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, round {round}: {Convert.ToBase64String(html)}", e);
            }
        }
    }

    private static byte[] Html(Random random) => random.Next(3) switch
    {
        0 => Encoding.UTF8.GetBytes(Soup(random)),
        1 => Mutate(random, Encoding.UTF8.GetBytes(MarkupTests.Written[random.Next(MarkupTests.Written.Length)] + "<script src=a.js></script>")),
        _ => Bytes(random, random.Next(300)),
    };

    private static string Soup(Random random)
    {
        var text = new StringBuilder();
        for (var n = random.Next(60); n > 0; n--)
        {
            text.Append(Pieces[random.Next(Pieces.Length)]);
        }

        return text.ToString();
    }

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        var changed = bytes.ToList();
        for (var n = random.Next(1, 8); n > 0 && changed.Count > 0; n--)
        {
            var at = random.Next(changed.Count);
            switch (random.Next(4))
            {
                case 0:
                    changed[at] = (byte)random.Next(256);
                    break;
                case 1:
                    changed.RemoveRange(at, Math.Min(random.Next(20), changed.Count - at));
                    break;
                case 2:
                    changed.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                default:
                    changed.RemoveRange(at, changed.Count - at);
                    break;
            }
        }

        return [.. changed];
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
