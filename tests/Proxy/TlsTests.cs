using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Mjolnir.Proxy.Tests;

/// <summary>TLS with certificates made here, HTTP/2, redirects, hosts and WebSockets.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mjolnir-proxy-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_certificate_is_that_of_the_name_asked_for()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await StartAsync(cluster, [Pem("one.example"), Pem("two.example", "*.two.example"), Pfx("three.example", "secret")]);

        Assert.Equal("CN=one.example", await SubjectAsync(proxy, "one.example"));
        Assert.Equal("CN=two.example", await SubjectAsync(proxy, "TWO.example"));
        Assert.Equal("CN=two.example", await SubjectAsync(proxy, "a.two.example"));
        Assert.Equal("CN=three.example", await SubjectAsync(proxy, "three.example"));
        Assert.Equal("CN=one.example", await SubjectAsync(proxy, "a.b.two.example"));
        Assert.Equal("CN=one.example", await SubjectAsync(proxy, "unknown.example"));
    }

    [Fact]
    public async Task A_changed_certificate_is_served_without_restart_and_a_broken_one_is_not()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        var certificate = Pem("one.example");
        await using var proxy = await StartAsync(cluster, [certificate], new ProxyLimits { CertificateCheck = TimeSpan.FromMilliseconds(300) });
        var first = await ThumbprintAsync(proxy);

        File.WriteAllText(certificate.CertificateFile, "not a certificate");
        await Eventually.TrueAsync(() => proxy.Logs.Errors.Any(), "the proxy says that it is broken");
        Assert.Equal(first, await ThumbprintAsync(proxy));

        Pem("one.example");
        await Eventually.TrueAsync(() => ThumbprintAsync(proxy).Result != first, "the new certificate is served");
        Assert.Single(proxy.Logs.Errors);
    }

    [Fact]
    public void A_certificate_that_cannot_be_used_at_the_start_is_said()
    {
        var certificate = Pem("one.example");
        var other = Pem("two.example");

        var exception = Assert.Throws<ProxyConfigurationException>(() => new Tls.CertificateStore([certificate with { KeyFile = other.KeyFile }], new ProxyLimits(), TimeProvider.System, new TestLogs()));

        Assert.Contains(certificate.CertificateFile, exception.Message);
    }

    [Fact]
    public async Task Calls_and_pages_pass_over_HTTP_2_and_servers_are_told_that_it_is_https()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await StartAsync(cluster, [Pem("bank.example")]);
        using var client = Client(proxy, HttpVersion.Version20);
        var large = new string('x', 1024 * 1024 - 20);

        var calls = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => TestProxy.CallAsync(client, $$"""{"args":["a{{i}}","b{{i}}"]}""")));
        var (code, _, response) = await TestProxy.CallAsync(client, $$"""{"page":"{{large}}"}""");
        var page = await client.GetAsync("/");

        Assert.All(calls, static call => Assert.Equal(200, call.Code));
        Assert.Equal((200, HttpVersion.Version20), (code, response.Version));
        Assert.Equal(HttpVersion.Version20, page.Version);
        Assert.All(cluster.Servers.SelectMany(static server => server.Calls.Concat(server.Others)), static seen => Assert.Equal("https", seen.Headers["X-Forwarded-Proto"]));
        Assert.All(cluster.Servers.SelectMany(static server => server.Calls), static seen => Assert.Equal("bank.example", seen.Headers["Host"]));
    }

    [Fact]
    public async Task Http_is_sent_to_https_but_for_health()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        ProxyListener[] listeners = [new(IPAddress.Loopback, 0, RedirectTo: 8443), new(IPAddress.Loopback, 0, Tls: true)];
        await using var proxy = await TestProxy.StartAsync(TestProxy.Options(cluster, listeners: listeners, certificates: [Pem("bank.example")], hosts: ["bank.example", "127.0.0.1"]));
        using var client = proxy.Client();

        var response = await client.GetAsync("/a?b=%26");
        Assert.Equal((HttpStatusCode)308, response.StatusCode);
        Assert.Equal("https://127.0.0.1:8443/a?b=%26", response.Headers.GetValues("Location").Single());
        Assert.Equal(308, (await TestProxy.CallAsync(client, "{}")).Code);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/_mjolnir/health")).StatusCode);
        Assert.Empty(cluster.Servers[0].Others);
        Assert.StartsWith("HTTP/1.1 421", await proxy.RawAsync("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
    }

    [Fact]
    public async Task Where_http_is_only_redirected_browsers_are_told_to_keep_to_https()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        var certificate = Pem("bank.example");
        ProxyListener tls = new(IPAddress.Loopback, 0, Tls: true), redirecting = new(IPAddress.Loopback, 0, RedirectTo: 443), plain = new(IPAddress.Loopback, 0);
        foreach (var (listeners, said) in new (ProxyListener[], bool)[] { ([tls, redirecting], true), ([tls], true), ([tls, plain], false) })
        {
            await using var proxy = await TestProxy.StartAsync(TestProxy.Options(cluster, listeners: listeners, certificates: [certificate]));
            using var client = Client(proxy, HttpVersion.Version11);
            foreach (var response in (HttpResponseMessage[])[await client.GetAsync("/"), (await TestProxy.CallAsync(client, "{}")).Response, await client.GetAsync("/_mjolnir/nothing")])
            {
                Assert.Equal(said ? ["max-age=31536000"] : [], response.Headers.TryGetValues("Strict-Transport-Security", out var values) ? values : []);
            }

            using var local = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "localhost" } };
            Assert.False((await client.SendAsync(local)).Headers.Contains("Strict-Transport-Security"));
        }
    }

    [Theory]
#pragma warning disable CS0618, SYSLIB0039, CA5397 // What is old and broken is what must be refused.
    [InlineData(System.Security.Authentication.SslProtocols.Tls11)]
    [InlineData(System.Security.Authentication.SslProtocols.Tls)]
#pragma warning restore
    public async Task Old_versions_of_TLS_are_refused(System.Security.Authentication.SslProtocols protocol)
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await StartAsync(cluster, [Pem("one.example")]);
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, proxy.Url.Port);
        await using var tls = new SslStream(new System.Net.Sockets.NetworkStream(socket), false, static (_, _, _, _) => true);

        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "one.example", EnabledSslProtocols = protocol }));
    }

    [Fact]
    public async Task Hosts_find_their_applications()
    {
        await using var bank = await FakeCluster.StartAsync(1);
        await using var shop = await FakeCluster.StartAsync(1);
        shop.Application = "shop";
        await using var proxy = await TestProxy.StartAsync(new ProxyOptions
        {
            Listeners = [new ProxyListener(IPAddress.Loopback, 0)],
            Applications =
            [
                new ProxiedApplication(["bank.example", "*.bank.example"], [bank.Servers[0].Url], FakeCluster.Token),
                new ProxiedApplication(["*.Shop.Bank.example", "shop.example"], [shop.Servers[0].Url], FakeCluster.Token),
            ],
            Logs = new TestLogs(),
        });
        await Eventually.TrueAsync(() => proxy.RawAsync("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").Result.StartsWith("HTTP/1.1 200", StringComparison.Ordinal), "the shop is found");

        async Task<int> Asked(string host)
        {
            var (atBank, atShop) = (bank.Servers[0].Others.Count, shop.Servers[0].Others.Count);
            var answer = await proxy.RawAsync($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            return bank.Servers[0].Others.Count > atBank ? 1 : shop.Servers[0].Others.Count > atShop ? 2 : -int.Parse(answer[9..12]);
        }

        Assert.Equal(1, await Asked("bank.example"));
        Assert.Equal(1, await Asked("BANK.example:81"));
        Assert.Equal(1, await Asked("a.b.bank.example"));
        Assert.Equal(2, await Asked("x.shop.bank.example"));
        Assert.Equal(2, await Asked("shop.example"));
        Assert.Equal(-421, await Asked("a.shop.example"));
        Assert.Equal(-421, await Asked("xbank.example"));
        Assert.Equal(-421, await Asked("[::1]"));
    }

    [Fact]
    public void One_host_for_two_applications_is_a_mistake()
    {
        ProxiedApplication one = new(["a.example"], [new Uri("http://127.0.0.1:1")], "t");

        Assert.Throws<ProxyConfigurationException>(() => new ProxyServer(new ProxyOptions { Listeners = [new ProxyListener(IPAddress.Loopback, 0)], Applications = [one, one] }));
        Assert.Throws<ProxyConfigurationException>(() => new ProxyServer(new ProxyOptions { Listeners = [new ProxyListener(IPAddress.Loopback, 0, Tls: true)], Applications = [one] }));
        Assert.Throws<ProxyConfigurationException>(() => new ProxyServer(new ProxyOptions { Listeners = [new ProxyListener(IPAddress.Loopback, 0)], Applications = [one with { Servers = [new Uri("https://127.0.0.1:1")] }] }));
    }

    [Theory]
    [InlineData("1.1", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    public async Task A_WebSocket_is_a_tunnel_and_goes_to_the_users_server(string version, bool tls)
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = tls ? await StartAsync(cluster, [Pem("bank.example")]) : await TestProxy.StartAsync(cluster);
        using var handler = new SocketsHttpHandler { UseCookies = false, SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.SetRequestHeader("Cookie", TestProxy.Cookie(cluster.KeyOf("s2")));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await socket.ConnectAsync(new Uri($"{(tls ? "wss" : "ws")}://127.0.0.1:{proxy.Url.Port}/_mjolnir/live"), invoker, patience.Token);
        using var web = tls ? Client(proxy, HttpVersion.Version11) : proxy.Client();

        for (var i = 0; i < 3; i++)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes($"hello {i}"), WebSocketMessageType.Text, true, patience.Token);
            var buffer = new byte[100];
            var got = await socket.ReceiveAsync(buffer, patience.Token);
            Assert.Equal($"hello {i}", Encoding.UTF8.GetString(buffer, 0, got.Count));
        }

        Assert.Contains("mjolnir_proxy_websockets 1\n", await TestProxy.MetricsAsync(web));
        Assert.Single(cluster.Servers[1].Others);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", patience.Token);
        await Eventually.TrueAsync(() => TestProxy.MetricsAsync(web).Result.Contains("mjolnir_proxy_websockets 0\n", StringComparison.Ordinal), "the WebSocket is counted out");
        Assert.Contains("mjolnir_proxy_requests_under_way 1\n", await TestProxy.MetricsAsync(web));
    }

    private static HttpClient Client(TestProxy proxy, Version version)
    {
        var handler = new SocketsHttpHandler
        {
            UseCookies = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, proxy.Url.Port, cancel);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        };
        return new HttpClient(handler) { BaseAddress = new Uri("https://bank.example"), DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    private static Task<TestProxy> StartAsync(FakeCluster cluster, ProxyCertificate[] certificates, ProxyLimits? limits = null) =>
        TestProxy.StartAsync(TestProxy.Options(cluster, limits, listeners: [new ProxyListener(IPAddress.Loopback, 0, Tls: true)], certificates: certificates));

    private static async Task<string> SubjectAsync(TestProxy proxy, string name) => (await CertificateAsync(proxy, name)).Subject;

    private static async Task<string> ThumbprintAsync(TestProxy proxy) => (await CertificateAsync(proxy, "one.example")).Thumbprint;

    private static async Task<X509Certificate2> CertificateAsync(TestProxy proxy, string name)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, proxy.Url.Port);
        await using var tls = new SslStream(new System.Net.Sockets.NetworkStream(socket), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(name);
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
    }

    /// <summary>Written as an operator's tool does: beside, then moved into place.</summary>
    private ProxyCertificate Pem(params string[] names)
    {
        using var certificate = Make(names);
        var (file, key) = (Path.Combine(_folder, names[0] + ".pem"), Path.Combine(_folder, names[0] + ".key"));
        File.WriteAllText(file + ".new", certificate.ExportCertificatePem());
        File.WriteAllText(key + ".new", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.Move(file + ".new", file, overwrite: true);
        File.Move(key + ".new", key, overwrite: true);
        return new ProxyCertificate(file, key);
    }

    private ProxyCertificate Pfx(string name, string password)
    {
        using var certificate = Make(name);
        var (file, passwordFile) = (Path.Combine(_folder, name + ".pfx"), Path.Combine(_folder, name + ".password"));
        File.WriteAllBytes(file, certificate.Export(X509ContentType.Pkcs12, password));
        File.WriteAllText(passwordFile, password + "\n");
        return new ProxyCertificate(file, PasswordFile: passwordFile);
    }

    private static X509Certificate2 Make(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + names[0], key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        Array.ForEach(names, alternatives.AddDnsName);
        request.CertificateExtensions.Add(alternatives.Build());
        return request.CreateSelfSigned(DateTimeOffset.Parse("2020-01-01T00:00:00Z"), DateTimeOffset.Parse("2100-01-01T00:00:00Z"));
    }
}
