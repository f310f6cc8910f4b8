using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Mjolnir.Proxy.Tests;

/// <summary>HTTP/2 frames that no client library sends: what cannot be said in HTTP/1.1 without becoming two requests or another's header gets no further than the proxy.</summary>
public sealed class Http2Tests : IDisposable
{
    private const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, GoAway = 7;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("mjolnir-proxy-").FullName;

    public static TheoryData<string> Hostile =>
    [
        "x-a=b\r\nX-Injected: 1",
        "x-a=b\nX-Injected: 1",
        "x-a=b\0c",
        "x-a: b\r\nx-injected=1",
        "x a=b",
        "X-Upper=b",
        "=b",
        "connection=close",
        "connection=keep-alive, x-forwarded-for",
        "transfer-encoding=chunked",
        "upgrade=h2c",
        "keep-alive=1",
        "proxy-connection=keep-alive",
        "te=gzip",
        "content-length=7",
        "content-length=1|content-length=2",
        "host=evil.example|host=other.example",
        ":path=/second",
        ":method=GET",
        ":authority=evil.example",
        ":scheme=http",
        ":unknown=x",
        ":status=200",
        "x-forwarded-for=203.0.113.7|x-forwarded-proto=http|mjolnir-learn=1|mjolnir-placed=1|forwarded=for=x",
    ];

    public static TheoryData<string> Paths =>
    [
        "/a HTTP/1.1\r\nX-Injected: 1\r\nX: ", "/a\r\nX-Injected: 1", "/a b", "/a\0", "/a#b", "", "*", "a", "//", "http://evil.example/", "/_mjolnir/cluster", "/_mjolnir/%63luster", "/x/../_mjolnir/cluster", "/\u00ff",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Headers_say_nothing_to_the_server_that_they_may_not(string extra)
    {
        var more = extra.Split('|').Select(static pair => pair.Split('=', 2)).Select(static pair => (pair[0], pair[1]));
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await StartAsync(cluster);

        await AskAsync(proxy, [(":method", "POST"), (":scheme", "https"), (":path", "/_mjolnir/tx/transfer"), (":authority", "bank.example"), ("content-type", "application/json"), .. more], "{}");
        await AskAsync(proxy, [(":method", "GET"), (":scheme", "https"), (":path", "/page"), (":authority", "bank.example"), .. more], "");

        RequireUntouched(cluster, proxy);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Paths_lead_where_they_may_or_nowhere(string path)
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await StartAsync(cluster);

        await AskAsync(proxy, [(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "bank.example")], "");
        await AskAsync(proxy, [(":method", "POST"), (":scheme", "https"), (":path", "/_mjolnir/tx/" + path), (":authority", "bank.example"), ("content-type", "application/json")], "{}");

        RequireUntouched(cluster, proxy);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\n\r\nGET")]
    [InlineData("GET\r\nX-Injected: 1")]
    [InlineData("CONNECT")]
    [InlineData("TRACE")]
    [InlineData("")]
    public async Task Methods_are_words(string method)
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await StartAsync(cluster);

        await AskAsync(proxy, [(":method", method), (":scheme", "https"), (":path", "/page"), (":authority", "bank.example")], "");

        RequireUntouched(cluster, proxy);
    }

    [Fact]
    public async Task A_good_request_passes_all_the_same()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await StartAsync(cluster);

        Assert.Equal(Headers, await AskAsync(proxy, [(":method", "GET"), (":scheme", "https"), (":path", "/page"), (":authority", "bank.example"), ("x-a", "b")], ""));

        Assert.Equal("b", Assert.Single(cluster.Servers[0].Others).Headers["x-a"]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void RequireUntouched(FakeCluster cluster, TestProxy proxy)
    {
        var seen = cluster.Servers[0].Calls.Concat(cluster.Servers[0].Others).ToList();
        Assert.True(seen.Count <= 2);
        foreach (var request in seen)
        {
            Assert.DoesNotContain(request.Headers.Keys, static name => name.Equals("X-Injected", StringComparison.OrdinalIgnoreCase) || name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) || name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase));
            Assert.Equal("bank.example", request.Headers["Host"]);
            Assert.Equal("127.0.0.1", request.Headers["X-Forwarded-For"]);
            Assert.Equal("https", request.Headers["X-Forwarded-Proto"]);
            Assert.True(request.Target.StartsWith("/_mjolnir/tx/", StringComparison.Ordinal) || !request.Target.Contains("luster", StringComparison.OrdinalIgnoreCase), request.Target);
            Assert.StartsWith("/", request.Target);
        }

        Assert.Empty(proxy.Logs.Errors);
    }

    /// <summary>One request on a connection of its own; the kind of frame that answers it, 0 if the connection ends without.</summary>
    private static async Task<byte> AskAsync(TestProxy proxy, IEnumerable<(string Name, string Value)> headers, string body)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, proxy.Url.Port, patience.Token);
        await using var tls = new SslStream(new NetworkStream(socket), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "bank.example", ApplicationProtocols = [SslApplicationProtocol.Http2] }, patience.Token);
        var block = headers.SelectMany(static header => Literal(header.Name, header.Value)).ToArray();
        try
        {
            await tls.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), patience.Token);
            await tls.WriteAsync(Frame(Settings, 0, 0, []), patience.Token);
            await tls.WriteAsync(Frame(Headers, body.Length == 0 ? (byte)5 : (byte)4, 1, block), patience.Token);
            if (body.Length > 0)
            {
                await tls.WriteAsync(Frame(Data, 1, 1, Encoding.ASCII.GetBytes(body)), patience.Token);
            }

            return await AnswerAsync(tls, patience.Token);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static async Task<byte> AnswerAsync(SslStream tls, CancellationToken patience)
    {
        var head = new byte[9];
        while (true)
        {
            await tls.ReadExactlyAsync(head, patience);
            var length = (head[0] << 16) | (head[1] << 8) | head[2];
            await tls.ReadExactlyAsync(new byte[length], patience);
            if (head[3] is Headers or Reset or GoAway)
            {
                return head[3];
            }
        }
    }

    private static byte[] Frame(byte kind, byte flags, int stream, byte[] content)
    {
        var frame = new byte[9 + content.Length];
        (frame[0], frame[1], frame[2], frame[3], frame[4]) = ((byte)(content.Length >> 16), (byte)(content.Length >> 8), (byte)content.Length, kind, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        content.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>HPACK, a literal without indexing (RFC 7541, 6.2.2): bytes as they are, whatever they say.</summary>
    private static byte[] Literal(string name, string value) => [0, .. Text(name), .. Text(value)];

    private static byte[] Text(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        Assert.True(bytes.Length < 127, "longer texts need more bytes for their length");
        return [(byte)bytes.Length, .. bytes];
    }

    private async Task<TestProxy> StartAsync(FakeCluster cluster)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=bank.example", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.Parse("2020-01-01T00:00:00Z"), DateTimeOffset.Parse("2100-01-01T00:00:00Z"));
        var (file, keyFile) = (Path.Combine(_folder, "a.pem"), Path.Combine(_folder, "a.key"));
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        return await TestProxy.StartAsync(TestProxy.Options(cluster, listeners: [new ProxyListener(IPAddress.Loopback, 0, Tls: true)], certificates: [new ProxyCertificate(file, keyFile)]));
    }
}
