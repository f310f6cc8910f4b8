using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Transfer;

/// <summary>The pairs of <c>mjolnir.kv</c> out of a store and into another server.</summary>
public sealed class Pairs_out_and_in : IDisposable
{
    /// <summary>Values of every kind, and keys that need escaping wherever they stand.</summary>
    private static readonly (string Key, string Json)[] Pairs =
    [
        ("count", "41"), ("text", "\"a \\\"b\\\" \\n ü\""), ("yes", "true"), ("list", "[1,[2,\"x\"],null]"), ("object", "{\"a\":{\"b\":[1]}}"),
        ("with space / and % {braces}", "\"odd\""), ("schlüssel", "1.5"),
    ];

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Pairs_of_every_kind_are_the_same_in_another_server()
    {
        _folder.Write("app/index.html", "<!DOCTYPE html><html><head><title>Pairs</title><script src=\"pairs.js\"></script></head><body></body></html>");
        _folder.Write("app/pairs.js", "function set(key, value) { mjolnir.kv.set(key, value); return key; }\nfunction get(key) { return mjolnir.kv.get(key); }\n");
        _folder.Write("app/mjolnir.json", """{ "name": "pairs", "handlers": { "set": { "allow": "everyone" }, "get": { "allow": "everyone" } } }""");

        // 1. Written by handlers.
        await using (var one = await ServeAsync("one"))
        {
            foreach (var (key, json) in Pairs)
            {
                await CallAsync(one.Url, "set", $"[{JsonSerializer.Serialize(key)},{json}]");
            }

            await StopAsync(one);
        }

        // 2. Out: a file of its own, a pair a line.
        await RunAsync("_kv: 7", "export", "--data", _folder.At("one"), "--out", _folder.At("out"));
        var lines = (await File.ReadAllLinesAsync(_folder.At("out", "_kv.ndjson"))).Select(line => JsonElement.Parse(line)).ToDictionary(pair => pair.GetProperty("key").GetString()!, pair => pair.GetProperty("value"));
        Assert.Equal(Pairs.Select(pair => pair.Key).Order(), lines.Keys.Order());
        Assert.All(Pairs, pair => Assert.True(JsonElement.DeepEquals(JsonElement.Parse(pair.Json), lines[pair.Key]), $"{pair.Key}: {lines[pair.Key]}"));

        // 3. In, and again, and over other values.
        await using var two = await ServeAsync("two");
        await RunAsync("7 inserted, 0 replaced, 0 kept", "import", _folder.At("out"), "--data", _folder.At("two"));
        await RunAsync("0 inserted, 0 replaced, 7 kept", "import", _folder.At("out"), "--data", _folder.At("two"));
        await CallAsync(two.Url, "set", "[\"count\",1]");
        await RunAsync("0 inserted, 1 replaced, 6 kept", "import", _folder.At("out"), "--data", _folder.At("two"), "--existing", "replace");
        foreach (var (key, json) in Pairs)
        {
            var found = await CallAsync(two.Url, "get", $"[{JsonSerializer.Serialize(key)}]");
            Assert.True(JsonElement.DeepEquals(JsonElement.Parse(json), found), $"{key}: {found}");
        }

        await StopAsync(two);
    }

    private async Task<Served> ServeAsync(string data)
    {
        var (process, url) = await MjolnirProcess.ServeAsync("dev", _folder.At("app"), "--data", _folder.At(data), "--port", "0", "--sign-in", "open", "--no-reload");
        return new Served(process, url);
    }

    private static async Task StopAsync(Served served)
    {
        served.Process.Terminate();
        await served.Process.EndAsync();
    }

    private static async Task<JsonElement> CallAsync(Uri url, string handler, string arguments)
    {
        using var http = new HttpClient();
        using var content = new StringContent($$"""{"id":"{{Guid.NewGuid()}}","args":{{arguments}}}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(url, "/_mjolnir/tx/" + handler), content);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(answer.IsSuccessStatusCode, body.ToString());
        return body.GetProperty("result").Clone();
    }

    private static async Task RunAsync(string expected, params string[] arguments)
    {
        var (code, output) = await MjolnirProcess.RunAsync(arguments);
        Assert.True(code == 0 && output.Contains(expected, StringComparison.Ordinal), output);
    }

    private sealed record Served(MjolnirProcess Process, Uri Url) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
