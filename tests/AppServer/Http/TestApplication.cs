using System.Collections.Frozen;
using System.Text;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>An application made by hand: pages, files and handlers of every kind that the front tells apart.</summary>
internal static class TestApplication
{
    public const string OddHandler = "index.html#body>form:nth-of-type(1).click";

    public static readonly string LongText = string.Concat(Enumerable.Repeat("Mjolnir never misses; ", 200));

    private static readonly SourcePosition Nowhere = new("index.html", 1, 1);

    public static RowKey Row(string app, string name) => RowKey.TryCreate(app, "rows", name, out var key) ? key : throw new ArgumentException(name);

    public static Application Make(string version = "1", string? indexText = null)
    {
        var index = PlainPage("/index.html", indexText ?? "<!doctype html><title>Bank</title>" + LongText);
        var other = PlainPage("/other.html", "<p>other</p>");
        var folder = PlainPage("/docs/index.html", "<p>docs</p>");
        var live = LivePage();
        var allow = new (string Name, Allow Allow)[]
        {
            ("send", new Allow(false, true, Set(), Set())),
            ("open", new Allow(true, false, Set(), Set())),
            ("vip", new Allow(false, false, Set("alice"), Set())),
            ("till", new Allow(false, false, Set(), Set("teller"))),
            (OddHandler, new Allow(true, false, Set(), Set())),
        };
        return new Application
        {
            Name = "bank",
            Version = version,
            Tables = FrozenDictionary<string, TableSchema>.Empty,
            Handlers = allow.ToFrozenDictionary(h => h.Name, h => Handler(h.Name, h.Allow, index, live)),
            Pages = new[] { index, other, folder, live }.ToFrozenDictionary(page => page.Path),
            Assets = new[]
            {
                new Asset("/bank.js", Encoding.UTF8.GetBytes("// " + LongText), "text/javascript; charset=utf-8"),
                new Asset("/a b/é.txt", "hello"u8.ToArray(), "text/plain; charset=utf-8"),
                new Asset("/logo.png", Encoding.UTF8.GetBytes(LongText), "image/png"),
                new Asset("/empty.css", ReadOnlyMemory<byte>.Empty, "text/css; charset=utf-8"),
            }.ToFrozenDictionary(asset => asset.Path),
            Roles = new Dictionary<string, FrozenSet<string>> { ["teller"] = new[] { "carol" }.ToFrozenSet() }.ToFrozenDictionary(),
            Seeds = FrozenDictionary<string, IReadOnlyList<SeedRow>>.Empty,
        };
    }

    private static Handler Handler(string name, Allow allow, params Page[] pages) => new()
    {
        Name = name,
        Allow = allow,
        Page = pages[0],
        Pages = pages,
        Function = name,
        Position = Nowhere,
        Globals = [],
    };

    private static Page PlainPage(string path, string html) => new()
    {
        Path = path,
        Literals = [Encoding.UTF8.GetBytes(html)],
        Slots = [],
        Templates = [],
        Scripts = [],
        Elements = [],
    };

    private static Page LivePage() => new()
    {
        Path = "/live.html",
        Literals = ["<p>"u8.ToArray(), "</p><a title=\""u8.ToArray(), "\">x</a>"u8.ToArray()],
        Slots = [0, 1],
        Templates =
        [
            new Template(0, TemplateKind.Text, [new TemplatePart(null, "first", [], Nowhere)], Nowhere),
            new Template(1, TemplateKind.Attribute, [new TemplatePart(null, "second", [], Nowhere)], Nowhere),
        ],
        Scripts = [],
        Elements = [],
    };

    private static HashSet<string> Set(params string[] names) => [.. names];
}
