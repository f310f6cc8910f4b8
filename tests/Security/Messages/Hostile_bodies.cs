using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using Mjolnir.AppServer;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Messages;

/// <summary>Calls of every wrong size and form are refused in words, and the next one is answered.</summary>
public sealed class Hostile_bodies(Site site) : IClassFixture<Site>
{
    public static TheoryData<string> Malformed =>
    [
        "{", "}", "[]", "[{}]", "null", "1", "\"x\"", "{}{}", "{} x", "{\"args\":}", "{\"args\":[1,]}", "{'args':[]}", "{\"args\":[],}", "{\"args\":[NaN]}", "{\"args\":[01]}", "{\"args\":[1.]}", "{\"args\":[.1]}", "{\"args\":[+1]}", "{\"args\":[1e]}",
        "// c\n{}", "{/*c*/}", "\u00ef\u00bb\u00bf{}", "{\"args\":[\"\u0001\"]}", "{\"args\":[\"\\x\"]}", "{\"args\":[\"\\u12\"]}", "{\"args\":{}}", "{\"args\":1}", "{\"inputs\":[]}", "{\"globals\":[]}", "{\"event\":[]}", "{\"id\":1}", "{\"page\":1}", "{\"partial\":1}", "{\"n\":\"x\"}", "\0",
        "\u00ff\u00fe{\0}\0", "{\"args\":[\"\u00c0\u00af\"]}", "{\"args\":[\"\u00ed\u00a0\u0080\"]}", "{\"args\":[\"\u00f4\u0090\u0080\u0080\"]}", "{\"\u00ff\":1}", "{\"id\":\"\\ud800\"}",
    ];

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_no_call_is_refused(string latin1)
    {
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            var answer = await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/echo", Bytes(Encoding.Latin1.GetBytes(latin1)));
            Assert.True(answer.Code == 400, $"{answer.Code} {answer.Text}");
            Assert.Equal("refused", answer.Json.GetProperty("status").GetString());
        }

        Assert.Empty(site.Logs.Errors);
    }

    [Theory]
    [InlineData(63, 200)]
    [InlineData(100, 400)]
    [InlineData(100_000, 400)]
    [InlineData(500_000, 400)]
    public async Task Nesting_has_an_end(int depth, int code)
    {
        // The object and its member are the first two of the levels.
        var nested = depth - 2;
        string[] bodies =
        [
            $"{{\"args\":[{new string('[', nested)}{new string(']', nested)}]}}",
            $"{{\"x\":{new string('[', nested)}{new string(']', nested)}}}",
            "{\"globals\":{\"a\":" + string.Concat(Enumerable.Repeat("{\"a\":", nested - 1)) + "1" + new string('}', nested - 1) + "}}",
            depth > 1_000 ? "{\"args\":" + new string('[', nested) : "{\"args\":[]}",
        ];
        foreach (var body in bodies.Where(static body => body.Length <= AppServerLimits.BodyBytes))
        {
            foreach (var url in site.Both)
            {
                using var visitor = site.Stranger(url);
                var answer = await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/ping", Bytes(Encoding.UTF8.GetBytes(body)));
                Assert.True(answer.Code == code || (depth < 1_000 && body.Length < 20), $"{answer.Code} {answer.Text}");
            }
        }

        await site.RequireUnharmedAsync();
    }

    [Theory]
    [InlineData("1e308")]
    [InlineData("1e309")]
    [InlineData("-1e99999")]
    [InlineData("1e-99999")]
    [InlineData("9007199254740993")]
    [InlineData("LONG")]
    [InlineData("0.LONG")]
    public async Task Huge_numbers_are_numbers(string number)
    {
        var text = number.Replace("LONG", new string('9', 100_000), StringComparison.Ordinal);
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            var answer = await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/echo", Bytes(Encoding.ASCII.GetBytes($"{{\"args\":[{text}]}}")));
            Assert.Contains(answer.Code, new[] { 200, 400, 409 });
        }

        await site.RequireUnharmedAsync();
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_however_it_is_sent()
    {
        var over = Encoding.ASCII.GetBytes("{\"args\":[\"" + new string('x', AppServerLimits.BodyBytes) + "\"]}");
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            Assert.Equal(413, (await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/echo", Bytes(over))).Code);
            Assert.Equal(413, (await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/echo", Bytes(over), ("Transfer-Encoding", "chunked"))).Code);
            Assert.Equal(413, (await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/session", Bytes(over))).Code);
        }

        await site.RequireUnharmedAsync();
    }

    [Fact]
    public async Task A_body_without_end_is_cut_off_at_the_limit()
    {
        foreach (var url in site.Both)
        {
            var endless = "POST /_mjolnir/tx/echo HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + string.Concat(Enumerable.Repeat("1000\r\n" + new string(' ', 0x1000) + "\r\n", 300));
            var answer = await RawRequest.ExchangeAsync(url, endless);
            Assert.True(RawRequest.Code(answer) is 413 or 0, answer);
        }

        await site.RequireUnharmedAsync();
    }

    [Fact]
    public async Task What_is_compressed_is_not_unpacked()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(new byte[50 << 20]);
        }

        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            foreach (var coding in (string[])["gzip", "deflate", "br", "gzip, gzip"])
            {
                Assert.Equal(400, (await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/echo", Bytes(packed.ToArray()), ("Content-Encoding", coding))).Code);
            }
        }
    }

    [Fact]
    public async Task Names_and_counts_have_limits()
    {
        using var visitor = site.Stranger();
        string Members(int count) => "{" + string.Join(',', Enumerable.Range(0, count).Select(static i => $"\"f{i}\":1")) + "}";
        Assert.Equal(400, (await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/ping", Json($"{{\"inputs\":{Members(AppServerLimits.Inputs + 1)}}}"))).Code);
        Assert.Equal(400, (await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/ping", Json($"{{\"globals\":{Members(AppServerLimits.Globals + 1)}}}"))).Code);
        Assert.Equal(400, (await visitor.CallWithIdAsync(new string('i', AppServerLimits.IdCharacters + 1), "ping")).Code);
        Assert.Equal(404, (await visitor.CallAsync(new string('h', 3_000))).Code);
        Assert.Contains((await visitor.GetAsync("/" + new string('p', AppServerLimits.PathCharacters + 1))).Code, new[] { 400, 414 });
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: site\r\nX: {0}\r\n\r\n", 17_000, 431)]
    [InlineData("GET /{0} HTTP/1.1\r\nHost: site\r\n\r\n", 9_000, 414)]
    [InlineData("GET / HTTP/1.1\r\nHost: {0}\r\n\r\n", 17_000, 431)]
    [InlineData("{0} / HTTP/1.1\r\nHost: site\r\n\r\n", 9_000, 414)]
    [InlineData("GET / HTTP/1.1\r\nHost: site\r\nCookie: {0}\r\n\r\n", 17_000, 431)]
    public async Task Heads_have_limits(string request, int length, int code)
    {
        foreach (var url in site.Both)
        {
            var answer = await RawRequest.ExchangeAsync(url, string.Format(CultureInfo.InvariantCulture, request, new string('x', length)));

            // Whoever is cut off while still sending may not get to read why.
            Assert.True(RawRequest.Code(answer) == code || RawRequest.Code(answer) is 400 or 0, answer);
        }
    }

    [Theory]
    [InlineData("81FF7FFFFFFFFFFFFFFF00000000")]
    [InlineData("81FFFFFFFFFFFFFFFFFF00000000")]
    [InlineData("8105")]
    [InlineData("C18500000000")]
    [InlineData("8380000000000")]
    [InlineData("89FE0100000000007B")]
    [InlineData("0080000000007D")]
    [InlineData("818100000000FF")]
    [InlineData("888100000000FF")]
    [InlineData("88820000000003E7")]
    [InlineData("0180000000000180000000007B")]
    public async Task Frames_that_break_the_rules_end_their_connection_only(string hex)
    {
        foreach (var url in site.Both)
        {
            using var tcp = new System.Net.Sockets.TcpClient();
            await tcp.ConnectAsync(url.Host, url.Port);
            var stream = tcp.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes("GET /_mjolnir/live HTTP/1.1\r\nHost: site\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
            await stream.WriteAsync(Convert.FromHexString(hex[..(hex.Length / 2 * 2)]));
            tcp.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            try
            {
                await stream.CopyToAsync(Stream.Null, patience.Token);
            }
            catch (IOException)
            {
                // Cut off: also an end.
            }
        }

        await site.RequireUnharmedAsync();
    }

    [Fact]
    public async Task A_message_over_the_limit_ends_its_connection_in_however_many_fragments_it_comes()
    {
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            var (socket, _) = await visitor.LiveAsync();
            using (socket)
            {
                var fragment = new byte[64 * 1024];
                try
                {
                    for (var i = 0; i < 32; i++)
                    {
                        await socket.SendAsync(fragment, WebSocketMessageType.Text, endOfMessage: false, CancellationToken.None);
                    }
                }
                catch (WebSocketException)
                {
                    // Cut off while we were still sending.
                }

                Assert.NotEqual(WebSocketState.Open, await EndAsync(socket));
            }
        }

        await site.RequireUnharmedAsync();
    }

    [Fact]
    public async Task Many_large_calls_at_once_over_one_WebSocket_are_all_answered_one_after_another()
    {
        using var visitor = site.Stranger();
        var (socket, _) = await visitor.LiveAsync();
        using (socket)
        {
            const int Calls = 24;
            var padding = new string(' ', 900_000);
            var sending = Task.Run(async () =>
            {
                for (var n = 0; n < Calls; n++)
                {
                    await Visitor.SayAsync(socket, $$"""{"type":"tx","n":{{n}},"handler":"ping",{{padding}}"args":[]}""");
                }
            });
            var answered = new HashSet<int>();
            while (answered.Count < Calls)
            {
                var frame = await Visitor.NextAsync(socket);
                foreach (var answer in frame.ValueKind == System.Text.Json.JsonValueKind.Array ? frame.EnumerateArray().ToArray() : [frame])
                {
                    Assert.Equal("committed", answer.GetProperty("status").GetString());
                    Assert.True(answered.Add(answer.GetProperty("n").GetInt32()));
                }
            }

            await sending;
        }
    }

    private static async Task<WebSocketState> EndAsync(WebSocket socket)
    {
        try
        {
            while ((await Visitor.NextAsync(socket)).ValueKind != System.Text.Json.JsonValueKind.Undefined)
            {
            }
        }
        catch (WebSocketException)
        {
            // Ended without a goodbye.
        }

        return socket.State;
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static ByteArrayContent Bytes(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
}
