using System.Text.Json;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>A page as the page compiler would serve it: manifest and client script first in the head, then what the author wrote.</summary>
internal sealed record FakePage(string Body)
{
    /// <summary>Scripts in the head.</summary>
    public string Script { get; init; } = "";

    /// <summary>Globals per handler, as the manifest lists them.</summary>
    public Dictionary<string, string[]> Globals { get; init; } = [];

    /// <summary>Source text of server-run functions → handler's name.</summary>
    public Dictionary<string, string> Listeners { get; init; } = [];

    public string Render()
    {
        var manifest = JsonSerializer.Serialize(new
        {
            page = "/index.html",
            version = "v1",
            handlers = Globals.ToDictionary(handler => handler.Key, handler => new { globals = handler.Value }),
            listeners = Listeners.ToDictionary(listener => Hash(listener.Key), listener => listener.Value),
        }).Replace("<", "\\u003c", StringComparison.Ordinal);
        return $"""
            <!DOCTYPE html><html><head><script type="application/json" id="mjolnir-page">{manifest}</script>
            <script src="/_mjolnir/mjolnir.js"></script><title>Test</title><script>{Script}</script></head><body>{Body}</body></html>
            """;
    }

    /// <summary>An attribute as the compiler rewrites a plain call.</summary>
    public static string Run(string handler, string arguments = "") => $"return mjolnir.run(event,'{handler}',[{arguments}],this)";

    /// <summary>FNV-1a over UTF-16 code units, low byte first: written again here, so that the two sides check each other.</summary>
    private static string Hash(string text)
    {
        var hash = 0x811c9dc5u;
        foreach (var unit in text)
        {
            hash = (hash ^ (uint)(unit & 0xff)) * 0x01000193;
            hash = (hash ^ (uint)(unit >> 8)) * 0x01000193;
        }

        return hash.ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
    }
}
