using System.Text.RegularExpressions;
using Mjolnir.Scripting.Pages;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Pages;

/// <summary>What users enter is text wherever a page shows it: in no place does it become markup, code, or an address that runs code.</summary>
public sealed partial class Values_in_pages(Site site) : IClassFixture<Site>
{
    private const string Markup = "</title></textarea>\"'><script>alert(1)</script><img src=x onerror=alert(1)> --> <!-- & &lt; ` x=y {{ user }}";

    [Fact]
    public async Task Markup_is_shown_as_it_was_entered()
    {
        using var visitor = site.Stranger();
        await visitor.CallAsync("kvSet", "text", Markup);

        var html = (await visitor.GetAsync("/")).Text;
        var live = await LiveAsync(visitor);

        // The page's own script and the system's two are all there are.
        Assert.Equal(3, Regex.Count(html, "<script"));
        Assert.DoesNotContain("<img src=x", html);
        Assert.Contains("<title data-m=\"0:\">&lt;/title&gt;", html);
        Assert.Contains("title=\"&lt;/title&gt;&lt;/textarea&gt;&quot;&#39;&gt;", html);
        Assert.Contains("class=\"&lt;/title&gt;", html);

        // The browser puts texts of attributes and fields in by name, and only those between marks as HTML: these are escaped.
        var body = live.GetProperty("1").GetString()!;
        Assert.DoesNotContain('<', body);
        Assert.Contains("&lt;script&gt;", body);
        Assert.Equal(Markup, live.GetProperty("0").GetString());
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("JaVaScRiPt:alert(1)")]
    [InlineData(" \u0001\u001f javascript:alert(1)")]
    [InlineData("java\nscr\tipt:alert(1)")]
    [InlineData("javascript\r\n:alert(1)")]
    [InlineData("vbscript:x")]
    [InlineData("data:text/html,<script>alert(1)</script>")]
    [InlineData("data:image/svg+xml,<svg onload=alert(1)>")]
    [InlineData("DATA:text/html;base64,PHNjcmlwdD4=")]
    [InlineData("blob:http://127.0.0.1/1")]
    [InlineData("filesystem:http://127.0.0.1/x")]
    [InlineData("view-source:x")]
    public async Task An_address_that_runs_code_is_not_given_out(string address)
    {
        using var visitor = site.Stranger();
        await visitor.CallAsync("kvSet", "address", address);

        var html = (await visitor.GetAsync("/")).Text;
        var live = await LiveAsync(visitor);

        var given = Address().Matches(html).Select(static match => match.Groups[2].Value).ToList();
        Assert.Equal(4, given.Count);
        Assert.All(given, static value => Assert.Equal(TemplateAddress.Refused, value));
        Assert.Equal(4, live.EnumerateObject().Count(static value => value.Value.GetString() == TemplateAddress.Refused));

        // Behind a path that the author wrote it is part of that path.
        Assert.Contains("id=\"path\" href=\"/notes/", html);
    }

    [Theory]
    [InlineData("https://example.com/a?b=c#d")]
    [InlineData("http://example.com")]
    [InlineData("/notes/1:2")]
    [InlineData("notes/1:2")]
    [InlineData("?javascript:x")]
    [InlineData("#javascript:x")]
    [InlineData("//example.com")]
    [InlineData("mailto:a@example.com")]
    [InlineData("tel:+1")]
    [InlineData("12:30 today")]
    [InlineData("data:image/png;base64,iVBORw0KGgo=")]
    [InlineData("")]
    public void Harmless_addresses_stay(string address) => Assert.Equal(address, TemplateAddress.Checked(address, null));

    [Theory]
    [InlineData("javascript:", "javascript:alert(1)", true)]
    [InlineData("java", "javascript:alert(1)", false)]
    [InlineData("myapp:", "myapp:open", true)]
    [InlineData("/x/", "/x/javascript:alert(1)", true)]
    [InlineData("", "javascript:alert(1)", false)]
    public void Only_what_the_author_wrote_chooses_a_scheme(string written, string address, bool stays) =>
        Assert.Equal(stays ? address : TemplateAddress.Refused, TemplateAddress.Checked(address, written));

    [Theory]
    [InlineData("/", true)]
    [InlineData("/plain.html", true)]
    [InlineData("/app.js", true)]
    [InlineData("/_mjolnir/sign-in", false)]
    public async Task Pages_and_files_carry_what_browsers_protect_by(string path, bool own)
    {
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            var headers = (await visitor.GetAsync(path)).Headers;

            Assert.Equal("nosniff", headers["X-Content-Type-Options"].Single());
            Assert.Equal(own ? "SAMEORIGIN" : "DENY", headers["X-Frame-Options"].Single());
            Assert.Equal("strict-origin-when-cross-origin", headers["Referrer-Policy"].Single());
            var policy = headers["Content-Security-Policy"].Single();
            Assert.Contains(own ? "frame-ancestors 'self'" : "frame-ancestors 'none'", policy);
            Assert.Contains(own ? "base-uri 'self'" : "default-src 'none'", policy);
            Assert.Empty(headers["Server"]);
            Assert.Empty(headers["X-Powered-By"]);
        }
    }

    [Fact]
    public async Task A_page_for_one_user_is_kept_by_no_cache_that_others_share()
    {
        using var alice = await site.SignedUpAsync("cache-alice");
        foreach (var path in (string[])["/", "/_mjolnir/session"])
        {
            Assert.Matches("no-store|private", (await alice.GetAsync(path)).Headers["Cache-Control"].Single());
        }

        Assert.Equal("no-store", (await alice.CallAsync("who")).Headers["Cache-Control"].Single());
    }

    private static async Task<System.Text.Json.JsonElement> LiveAsync(Visitor visitor)
    {
        var (socket, _) = await visitor.LiveAsync();
        using (socket)
        {
            await Visitor.SayAsync(socket, """{"type":"page","page":"/index.html"}""");
            return (await Visitor.NextAsync(socket)).GetProperty("values");
        }
    }

    [GeneratedRegex("<(?:a|img|form|button)[^>]* (href|src|action|formaction)=\"([^/\"][^\"]*)\"")]
    private static partial Regex Address();
}
