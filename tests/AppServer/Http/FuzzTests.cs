using System.Diagnostics;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>Bounded fuzzing of everything that comes over the wire: whatever arrives, the server stays up, answers the next request, and finds nothing to blame itself for.</summary>
public sealed class FuzzTests
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private static readonly string[] Seeds =
    [
        "GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, br;q=0.5\r\nRange: bytes=0-10\r\nIf-None-Match: \"x\", W/\"y\"\r\n\r\n",
        "GET /a%20b/%C3%A9.txt?x=1#y HTTP/1.1\r\nHost: localhost\r\nRange: bytes=-3\r\nIf-Range: \"q\"\r\n\r\n",
        "POST /_mjolnir/tx/open HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{\"id\":\"1\",\"args\":[1,[2,{\"a\":\"\\u00e9\"}]],\"page\":\"/\",\"n\":-1.5e3}",
        "POST /_mjolnir/tx/index.html%23body%3Eform.click HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
        "POST /_mjolnir/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 34\r\nOrigin: http://localhost\r\n\r\n{\"user\":\"alice\",\"password\":\"secret\"}",
        "DELETE /_mjolnir/session HTTP/1.1\r\nHost: localhost\r\nCookie: mjolnir-session=1.YQ.00.1.2.AAAA; a=b\r\n\r\n",
        "GET /_mjolnir/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\u0081\u0085\u0001\u0002\u0003\u0004abcde",
        "GET /_mjolnir/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 1.2.3.4, ::1\r\n\r\n",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Mutated_requests_never_stop_the_server(int seed)
    {
        await using var server = await TestServer.StartAsync();
        var random = new Random(seed);
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Time)
        {
            await SendAsync(server.Url, Mutate(random));
        }

        using var client = server.Client();
        Assert.Equal(200, (await CallTests.PostAsync(server, "/_mjolnir/tx/open", "{}")).Code);
        Assert.Contains("mjolnir_http_faults_total 0\n", await server.MetricsAsync(client));
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task Mutated_messages_never_stop_the_server()
    {
        await using var server = await TestServer.StartAsync();
        var random = new Random(3);
        const string Message = """[{"type":"tx","n":1,"handler":"open","args":[1,"x"],"inputs":{"a":{"value":"\u00e9"}},"page":"/"},{"type":"page","page":"/live.html"}]""";
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Time)
        {
            using var socket = await server.LiveAsync();
            for (var i = 0; i < 20 && socket.State == WebSocketState.Open; i++)
            {
                var text = Mutate(random, Encoding.UTF8.GetBytes(Message));
                try
                {
                    await socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                }
                catch (WebSocketException)
                {
                    // Refused and closed, as it should be; the next connection goes on.
                    break;
                }
            }
        }

        Assert.Equal(200, (await CallTests.PostAsync(server, "/_mjolnir/tx/open", "{}")).Code);
        Assert.Empty(server.Logs.Errors);
    }

    private static byte[] Mutate(Random random) => Mutate(random, Encoding.Latin1.GetBytes(Seeds[random.Next(Seeds.Length)]));

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = new List<byte>(seed);
        for (var i = random.Next(6); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(200), bytes.Count - at)));
                    break;
                case 3:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)"\0 %{[\"\\\r\n"[random.Next(9)], random.Next(300)));
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Sends, reads what comes at once, and leaves, mostly in the middle of things.</summary>
    private static async Task SendAsync(Uri url, byte[] request)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, patience.Token);
            await socket.SendAsync(request, patience.Token);
            await socket.ReceiveAsync(new byte[4096], patience.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Cut off or left waiting for the rest of the request: both are right.
        }
    }
}
