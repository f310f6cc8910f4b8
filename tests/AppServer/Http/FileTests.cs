using System.IO.Compression;
using System.Net;
using System.Text;
using Mjolnir.AppServer.Http.Files;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>GET of pages and files: paths, codings, conditions, ranges.</summary>
public sealed class FileTests
{
    [Theory]
    [InlineData("/", 200)]
    [InlineData("/?x=1", 200)]
    [InlineData("/index.html", 200)]
    [InlineData("/docs/", 200)]
    [InlineData("/docs", 404)]
    [InlineData("/index", 404)]
    [InlineData("/a%20b/%C3%A9.txt", 200)]
    [InlineData("/empty.css", 200)]
    [InlineData("/mjolnir.json", 404)]
    [InlineData("/_mjolnir/", 404)]
    [InlineData("/_mjolnir/nothing", 404)]
    [InlineData("/../index.html", 400)]
    [InlineData("/docs/../index.html", 400)]
    [InlineData("/docs/%2e%2e/index.html", 400)]
    [InlineData("/docs/%2E./index.html", 400)]
    [InlineData("/docs%2findex.html", 400)]
    [InlineData("/docs%5cindex.html", 400)]
    [InlineData("/docs\\index.html", 400)]
    [InlineData("/%00", 400)]
    [InlineData("/%0a", 400)]
    [InlineData("/%", 400)]
    [InlineData("/%c3%28", 400)]
    [InlineData("//etc/passwd", 404)]
    [InlineData("http://localhost/index.html", 200)]
    [InlineData("http://localhost", 400)]
    public async Task Paths_lead_to_files_of_the_application_and_nowhere_else(string target, int expected)
    {
        await using var server = await TestServer.StartAsync();

        var (code, text) = await RawHttp.SendAsync(server.Url, $"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.True(expected == code, text);
        Assert.Empty(server.Logs.Errors);
    }

    [Theory]
    [InlineData(null, "identity")]
    [InlineData("", "identity")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("deflate", "identity")]
    [InlineData("br;q=0, gzip;q=0.5", "gzip")]
    [InlineData("br;q=0.2, gzip;q=0.8", "gzip")]
    [InlineData("br;q=0.5, identity;q=0.9", "identity")]
    [InlineData("*", "br")]
    [InlineData("*;q=0.5, gzip", "gzip")]
    [InlineData("identity;q=0, br", "br")]
    [InlineData("identity;q=0", null)]
    [InlineData("*;q=0", null)]
    [InlineData("br;q=nonsense", "identity")]
    [InlineData("gzip ; q=0.5 , br ; q=0.4", "gzip")]
    public void The_best_accepted_coding_is_chosen(string? accepted, string? expected)
    {
        var file = new ServedFile("/x.txt", Encoding.UTF8.GetBytes(TestApplication.LongText), "text/plain");
        FileCompressor.CompressAll([file], CancellationToken.None);

        var form = file.Best(AcceptedCodings.Read(accepted));

        Assert.Equal(expected, form?.Coding switch { ContentCoding.Brotli => "br", ContentCoding.Gzip => "gzip", ContentCoding.Identity => "identity", _ => null });
    }

    [Fact]
    public void Every_coding_decodes_to_the_file_and_has_a_tag_of_its_own()
    {
        var file = new ServedFile("/x.txt", Encoding.UTF8.GetBytes(TestApplication.LongText), "text/plain");
        var hasty = file.Best(AcceptedCodings.Read("gzip, identity;q=0"))!;
        FileCompressor.CompressAll([file], CancellationToken.None);
        var forms = new[] { file.Identity, hasty, file.Best(AcceptedCodings.Read("gzip"))!, file.Best(AcceptedCodings.Read("br"))! };

        Assert.All(forms, form => Assert.Equal(TestApplication.LongText, Decode(form)));
        Assert.Equal(forms.Length, forms.Select(form => form.Tag).Distinct().Count());
    }

    [Fact]
    public void Images_and_small_files_are_not_compressed()
    {
        Assert.False(new ServedFile("/a.png", new byte[10_000], "image/png").IsCompressible);
        Assert.False(new ServedFile("/a.css", new byte[100], "text/css").IsCompressible);
        Assert.True(new ServedFile("/a.svg", new byte[10_000], "image/svg+xml").IsCompressible);
    }

    [Fact]
    public async Task A_file_is_served_with_tag_and_told_unchanged_when_it_is()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();

        var first = await client.GetAsync("/logo.png");
        Assert.Equal("no-cache", first.Headers.CacheControl!.ToString());
        Assert.Equal(["Accept-Encoding"], first.Headers.Vary);
        Assert.Equal("image/png", first.Content.Headers.ContentType!.ToString());
        Assert.False(first.Headers.ETag!.IsWeak);

        foreach (var tags in new[] { first.Headers.ETag.Tag, "W/" + first.Headers.ETag.Tag, "\"x\", " + first.Headers.ETag.Tag, "*" })
        {
            var again = await GetAsync(client, "/logo.png", ("If-None-Match", tags));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            Assert.Equal(first.Headers.ETag, again.Headers.ETag);
            Assert.Empty(await again.Content.ReadAsByteArrayAsync());
        }

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/logo.png", ("If-None-Match", "\"other\""))).StatusCode);
    }

    [Fact]
    public async Task HEAD_has_all_but_the_body()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();

        var response = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/logo.png"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(TestApplication.LongText.Length, response.Content.Headers.ContentLength);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("bytes=0-4", 206, "hello")]
    [InlineData("bytes=1-2", 206, "el")]
    [InlineData("bytes=3-", 206, "lo")]
    [InlineData("bytes=3-99", 206, "lo")]
    [InlineData("bytes=-2", 206, "lo")]
    [InlineData("bytes=-99", 206, "hello")]
    [InlineData("bytes=5-", 416, "")]
    [InlineData("bytes=-0", 416, "")]
    [InlineData("bytes=2-1", 200, "hello")]
    [InlineData("bytes=0-0,2-2", 200, "hello")]
    [InlineData("bytes=x-", 200, "hello")]
    [InlineData("lines=1-2", 200, "hello")]
    [InlineData("bytes=99999999999999999999-", 200, "hello")]
    [InlineData("bytes=0-9223372036854775807", 206, "hello")]
    public async Task One_range_is_served(string range, int code, string content)
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();

        var response = await GetAsync(client, "/a%20b/%C3%A9.txt", ("Range", range));

        Assert.Equal(code, (int)response.StatusCode);
        Assert.Equal(content, await response.Content.ReadAsStringAsync());
        Assert.Equal(code != 200, response.Content.Headers.ContentRange is not null);
        if (code == 416)
        {
            Assert.Equal("bytes */5", response.Content.Headers.ContentRange!.ToString());
        }
    }

    [Fact]
    public async Task A_range_of_an_older_file_is_the_whole_new_one()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        var tag = (await client.GetAsync("/a%20b/%C3%A9.txt")).Headers.ETag!.Tag;

        Assert.Equal(HttpStatusCode.PartialContent, (await GetAsync(client, "/a%20b/%C3%A9.txt", ("Range", "bytes=1-"), ("If-Range", tag))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/a%20b/%C3%A9.txt", ("Range", "bytes=1-"), ("If-Range", "\"old\""))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/a%20b/%C3%A9.txt", ("Range", "bytes=1-"), ("If-Range", "Wed, 21 Oct 2026 07:28:00 GMT"))).StatusCode);
    }

    [Fact]
    public async Task Every_page_has_its_security_headers()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();

        foreach (var path in new[] { "/", "/live.html", "/bank.js" })
        {
            var headers = (await client.GetAsync(path)).Headers;
            Assert.Equal("nosniff", headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("SAMEORIGIN", headers.GetValues("X-Frame-Options").Single());
            Assert.Equal("frame-ancestors 'self'; base-uri 'self'", headers.GetValues("Content-Security-Policy").Single());
            Assert.Equal("strict-origin-when-cross-origin", headers.GetValues("Referrer-Policy").Single());
            Assert.False(headers.Contains("Server"));
        }
    }

    [Fact]
    public async Task Templates_are_put_into_the_page_escaped_where_they_must_be()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        server.Transactions.Render = static (_, user) => new RenderedTemplates(["<b>markup</b>", $"\"><script> & 'x' {user}"], [], []);

        var response = await client.GetAsync("/live.html");

        Assert.Equal("<p><b>markup</b></p><a title=\"&quot;&gt;&lt;script&gt; &amp; &#39;x&#39; \">x</a>", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache, private", response.Headers.CacheControl!.ToString());
        Assert.Equal(HttpStatusCode.NotModified, (await GetAsync(client, "/live.html", ("If-None-Match", response.Headers.ETag!.Tag))).StatusCode);

        using var alice = await server.SignedInAsync("alice");
        var hers = await alice.GetAsync("/live.html");
        Assert.Contains("alice", await hers.Content.ReadAsStringAsync());
        Assert.NotEqual(response.Headers.ETag, hers.Headers.ETag);
    }

    [Fact]
    public async Task A_page_whose_rows_cannot_be_read_is_503()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        server.Transactions.Render = static (_, _) => null;

        var response = await client.GetAsync("/live.html");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotEmpty(response.Headers.GetValues("Retry-After"));
    }

    [Fact]
    public async Task A_replaced_application_is_served_at_once()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        var before = await client.GetAsync("/");

        server.Slot.Replace(TestApplication.Make("2", "<p>second</p>"));

        var after = await client.GetAsync("/");
        Assert.Equal("<p>second</p>", await after.Content.ReadAsStringAsync());
        Assert.NotEqual(before.Headers.ETag, after.Headers.ETag);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("TRACE")]
    public async Task Files_are_only_read(string method)
    {
        await using var server = await TestServer.StartAsync();

        Assert.Equal(405, (await RawHttp.SendAsync(server.Url, $"{method} /index.html HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")).Code);
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await client.SendAsync(request);
    }

    private static string Decode(Representation form)
    {
        using var bytes = new MemoryStream(form.Content.ToArray());
        using Stream stream = form.Coding switch
        {
            ContentCoding.Brotli => new BrotliStream(bytes, CompressionMode.Decompress),
            ContentCoding.Gzip => new GZipStream(bytes, CompressionMode.Decompress),
            _ => bytes,
        };
        return new StreamReader(stream).ReadToEnd();
    }
}
