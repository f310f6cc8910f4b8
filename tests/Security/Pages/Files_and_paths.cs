using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Pages;

/// <summary>Only the application's own files are served, however a path is written.</summary>
public sealed class Files_and_paths(Site site) : IClassFixture<Site>
{
    [Theory]
    [InlineData("/../outside.txt")]
    [InlineData("/..%2foutside.txt")]
    [InlineData("/%2e%2e/outside.txt")]
    [InlineData("/%2e%2e%2foutside.txt")]
    [InlineData("/..%5coutside.txt")]
    [InlineData("/..\\outside.txt")]
    [InlineData("/%252e%252e%252foutside.txt")]
    [InlineData("/..%c0%afoutside.txt")]
    [InlineData("/..%ef%bc%8foutside.txt")]
    [InlineData("/x/../../outside.txt")]
    [InlineData("/.env")]
    [InlineData("/%2eenv")]
    [InlineData("/mjolnir.json")]
    [InlineData("/MJOLNIR.JSON")]
    [InlineData("/mjolnir.json/")]
    [InlineData("//etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("file:///etc/passwd")]
    [InlineData("/app.js%00.html")]
    [InlineData("/app.js%0d%0aX-Injected:1")]
    [InlineData("/app.js/..")]
    [InlineData("/secrets.json")]
    [InlineData("/../data/secrets.json")]
    [InlineData("/app.js::$DATA")]
    [InlineData("/CON")]
    public async Task What_lies_beside_the_application_is_not_there(string path)
    {
        foreach (var url in site.Both)
        {
            var answer = await RawRequest.ExchangeAsync(url, $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            Assert.Contains(RawRequest.Code(answer), new[] { 400, 404 });
            Assert.DoesNotContain("outside", answer);
            Assert.DoesNotContain("PASSWORD", answer);
            Assert.DoesNotContain("sessionKeys", answer);
            Assert.DoesNotContain("\r\nX-Injected", answer);
        }

        Assert.Empty(site.Logs.Errors);
    }

    [Fact]
    public async Task A_signed_in_user_is_led_to_no_other_site_by_the_sign_in_page()
    {
        using var visitor = site.Stranger();
        var page = (await visitor.GetAsync("/_mjolnir/sign-in?next=//evil.example/")).Text;

        // The address is read and judged by the page's own script; the server repeats nothing of it.
        Assert.DoesNotContain("evil.example", page);
        Assert.Contains("url.origin === location.origin", page);
    }
}
