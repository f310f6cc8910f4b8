using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Proxying;

/// <summary>Proxy and app server never read one request as two, or as another's: the same hostile bytes go through the real proxy to the real server, and straight to it.</summary>
public sealed class Smuggled_requests(Site site) : IClassFixture<Site>
{
    private const string Line = "POST /_mjolnir/tx/count HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\n";
    private const string Second = "POST /_mjolnir/tx/kvSet HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n{\"args\":[\"smuggled\",\"true\"]}";

    public static TheoryData<string> Ambiguous =>
    [
        "Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
        "Content-Length: 2, 5\r\n\r\n{}",
        "Content-Length: -2\r\n\r\n{}",
        "Content-Length: 0x2\r\n\r\n{}",
        "Content-Length: 2 \t5\r\n\r\n{}",
        "Content-Length: 99999999999999999999\r\n\r\n{}",
        "Content-Length : 2\r\n\r\n{}",
        " Content-Length: 2\r\n\r\n{}",
        "Transfer-Encoding: identity\r\n\r\n{}",
        "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0x0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n 2\r\n{}\r\n0\r\n\r\n",
        "Content-Length: 2\r\nHost: other\r\n\r\n{}",
        "Content-Length: 2\r\nX: a\r\n b: folded\r\n\r\n{}",
        "Content-Length: 2\r\nX: a\rb\r\n\r\n{}",
        "Content-Length: 2\r\nX: a\0b\r\n\r\n{}",
        "Content-Length: 2\r\n: a\r\n\r\n{}",
        "Content-Length: 2\r\nno colon\r\n\r\n{}",
        "Content-Length: 2\r\nX: \u00ff\u00fe\r\n\r\n{}",
    ];

    [Theory]
    [MemberData(nameof(Ambiguous))]
    public async Task A_request_whose_end_is_in_doubt_is_refused_and_nothing_behind_it_is_heard(string rest)
    {
        foreach (var url in site.Both)
        {
            var answer = await RawRequest.ExchangeAsync(url, Line + rest + Second);
            Assert.True(RawRequest.Code(answer) is 400 or 413, answer);
            Assert.True(RawRequest.Answers(answer) <= 1, answer);
        }

        using var visitor = site.Stranger();
        Assert.Equal("null", (await visitor.CallAsync("kvGet", "smuggled")).Result);
    }

    [Theory]
    [InlineData("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 200\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    public async Task Where_both_lengths_are_given_the_connection_ends_with_the_answer(string rest)
    {
        foreach (var url in site.Both)
        {
            var answer = await RawRequest.ExchangeAsync(url, Line + rest + Second);
            Assert.True(RawRequest.Answers(answer) <= 1, answer);
        }

        using var visitor = site.Stranger();
        Assert.Equal("null", (await visitor.CallAsync("kvGet", "smuggled")).Result);
    }

    [Fact]
    public async Task A_body_in_pieces_with_trailers_is_one_call_and_its_trailers_are_nothing()
    {
        foreach (var url in site.Both)
        {
            var answer = await RawRequest.ExchangeAsync(
                url,
                Line.Replace("count", "who", StringComparison.Ordinal) + "Connection: close\r\nTransfer-Encoding: chunked\r\nTrailer: Cookie\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\nCookie: mjolnir-session=1.x\r\nMjolnir-Learn: 1\r\n\r\n");
            Assert.Equal(200, RawRequest.Code(answer));
            Assert.Equal(1, RawRequest.Answers(answer));
            Assert.DoesNotContain("Mjolnir-Keys", answer);
        }
    }

    [Theory]
    [InlineData("Mjolnir-Learn: 1")]
    [InlineData("mjolnir-learn: 1")]
    [InlineData("MJOLNIR-LEARN: 1\r\nConnection: close, Mjolnir-Learn")]
    [InlineData("Mjolnir-Placed: 1\r\nMjolnir-Learn: 1")]
    public async Task Nobody_outside_speaks_as_the_proxy(string headers)
    {
        using var visitor = site.Stranger();
        await visitor.CallAsync("kvSet", "secret key", "x");

        var answer = await RawRequest.ExchangeAsync(site.Proxy, $"{Line.Replace("count", "kvGet", StringComparison.Ordinal)}{headers}\r\nConnection: close\r\nContent-Length: 23\r\n\r\n{{\"args\":[\"secret key\"]}}");

        Assert.Equal(200, RawRequest.Code(answer));
        Assert.DoesNotContain("Mjolnir-Keys", answer);
        Assert.DoesNotContain("secret%20key", answer);
    }

    [Fact]
    public async Task Where_a_request_comes_from_is_said_by_the_connection_alone()
    {
        // Were one of these believed at the proxy, a page of evil.example would be of the same site, or the cookie would be for https.
        string[] inventions = ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "Forwarded: for=203.0.113.7;proto=https;host=evil.example", "X-Real-IP: 203.0.113.7", "X-Original-URL: /_mjolnir/status", "X-Rewrite-URL: /_mjolnir/status", "X-HTTP-Method-Override: DELETE"];
        foreach (var invention in inventions)
        {
            var answer = await RawRequest.ExchangeAsync(
                site.Proxy,
                $"POST /_mjolnir/users HTTP/1.1\r\nHost: site\r\nOrigin: https://evil.example\r\nContent-Type: application/json\r\n{invention}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}");
            Assert.True(RawRequest.Code(answer) == 403, $"{invention}: {answer}");
        }

        var cookie = await RawRequest.ExchangeAsync(
            site.Proxy,
            "POST /_mjolnir/users HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\nX-Forwarded-Proto: https\r\nConnection: close\r\nContent-Length: 48\r\n\r\n{\"user\":\"forwarded-1\",\"password\":\"long  enough\"}");
        Assert.Equal(200, RawRequest.Code(cookie));
        Assert.DoesNotContain("; Secure", cookie);
    }

    [Theory]
    [InlineData("/_mjolnir/metrics")]
    [InlineData("/_mjolnir/status")]
    [InlineData("/_mjolnir/leave")]
    [InlineData("/_mjolnir/cluster")]
    [InlineData("/_mjolnir/rows/notes")]
    [InlineData("/_mjolnir/anything")]
    [InlineData("/_mjolnir/")]
    [InlineData("/_mjolnir")]
    [InlineData("/_mjolnir//metrics")]
    [InlineData("/_mjolnir/session/../metrics")]
    [InlineData("/_mjolnir/tx/../metrics")]
    [InlineData("/_mjolnir/tx/%2e%2e/metrics")]
    [InlineData("/_mjolnir/tx/..%2fmetrics")]
    [InlineData("/_mjolnir/me%74rics")]
    [InlineData("/_Mjolnir/metrics")]
    [InlineData("/%5fmjolnir/metrics")]
    [InlineData("/x/..%2f_mjolnir/metrics")]
    [InlineData("//_mjolnir/metrics")]
    [InlineData("/./_mjolnir/metrics")]
    [InlineData("http://site/_mjolnir/metrics")]
    [InlineData("/_mjolnir/metrics;x")]
    [InlineData("/_mjolnir\\metrics")]
    [InlineData("/_mjolnir/live/../metrics")]
    public async Task What_is_not_for_browsers_cannot_be_reached_through_the_proxy_even_with_the_token(string target)
    {
        foreach (var method in (string[])["GET", "POST"])
        {
            foreach (var token in (string[])[site.Secrets.StatusToken, site.Secrets.ClusterToken])
            {
                var answer = await RawRequest.ExchangeAsync(site.Proxy, $"{method} {target} HTTP/1.1\r\nHost: site\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                Assert.True(RawRequest.Code(answer) is 400 or 404 or 405, answer);
            }
        }
    }

    [Theory]
    [InlineData("/_mjolnir/status")]
    [InlineData("/_mjolnir/metrics")]
    [InlineData("/_mjolnir/cluster")]
    [InlineData("/_mjolnir/rows/notes")]
    [InlineData("/_mjolnir/leave")]
    public async Task What_tells_more_than_health_wants_a_token(string path)
    {
        using var visitor = site.Stranger();
        string[] wrong = ["", "Bearer", "Bearer ", "Bearer wrong", "Basic " + site.Secrets.StatusToken, "bearer " + site.Secrets.StatusToken, $"Bearer {site.Secrets.StatusToken} ", "Bearer " + site.Secrets.StatusToken[..^1]];
        foreach (var authorization in wrong)
        {
            var method = path.EndsWith("leave", StringComparison.Ordinal) || path.Contains("rows", StringComparison.Ordinal) ? "POST" : "GET";
            var answer = await RawRequest.ExchangeAsync(site.Server, $"{method} {path} HTTP/1.1\r\nHost: site\r\nAuthorization: {authorization}x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            Assert.Equal(401, RawRequest.Code(answer));
            Assert.DoesNotContain(site.Secrets.StatusToken, answer);
        }

        using var proxied = site.Stranger(site.Proxy);
        Assert.Equal(401, (await proxied.GetAsync("/_mjolnir/proxy/metrics")).Code);
        Assert.Equal(401, (await proxied.GetAsync("/_mjolnir/proxy/status")).Code);
        Assert.Equal(200, (await proxied.GetAsync("/_mjolnir/health")).Code);
        Assert.Equal(200, (await proxied.GetAsync("/_mjolnir/proxy/metrics", ("Authorization", "Bearer " + site.Secrets.StatusToken))).Code);
    }
}
