using System.Net.WebSockets;
using System.Text;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Calls;

/// <summary>Pages of other sites, open in the browser of somebody who is signed in here, can make nothing happen and read nothing.</summary>
public sealed class Other_sites(Site site) : IClassFixture<Site>
{
    public static TheoryData<string, string> Foreign => new()
    {
        { "Origin", "https://evil.example" },
        { "Origin", "null" },
        { "Origin", "http://127.0.0.1.evil.example" },
        { "Origin", "http://evil.example/127.0.0.1" },
        { "Origin", "file://" },
        { "Origin", "" },
        { "Sec-Fetch-Site", "cross-site" },
        { "Sec-Fetch-Site", "same-site" },
        { "Sec-Fetch-Site", "same-origin, cross-site" },
        { "Referer", "https://evil.example/page" },
        { "Referer", "nonsense" },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public async Task A_request_that_comes_from_elsewhere_changes_nothing(string header, string value)
    {
        var user = "csrf-" + Guid.NewGuid().ToString("N");
        using var victim = await site.SignedUpAsync(user);
        foreach (var url in site.Both)
        {
            using var browser = site.Stranger(url);
            browser.Cookie = victim.Cookie;
            Assert.Equal(403, (await browser.PostAsync("/_mjolnir/tx/mine", new { args = new[] { "forged" } }, (header, value))).Code);
            Assert.Equal(403, (await browser.PostAsync("/_mjolnir/session", new { user = "attacker", password = Visitor.Password }, (header, value))).Code);
            Assert.Equal(403, (await browser.PostAsync("/_mjolnir/users", new { user = user + "2", password = Visitor.Password }, (header, value))).Code);
            Assert.Equal(403, (await browser.SendAsync(HttpMethod.Delete, "/_mjolnir/session", null, (header, value))).Code);
            Assert.Equal($"\"{user}\"", (await browser.CallAsync("who")).Result);
            Assert.Equal("null", (await browser.CallAsync("kvGet", "of " + user)).Result);
        }
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("http://localhost.evil.example")]
    public async Task A_WebSocket_opened_by_another_sites_page_is_refused(string origin)
    {
        using var victim = await site.SignedUpAsync("ws-" + Guid.NewGuid().ToString("N"));
        foreach (var url in site.Both)
        {
            using var browser = site.Stranger(url);
            browser.Cookie = victim.Cookie;
            var refusal = await Assert.ThrowsAsync<WebSocketException>(() => browser.LiveAsync(("Origin", origin)));
            Assert.Contains("403", refusal.Message);
        }
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("text/plain; charset=application/json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/jsonx")]
    [InlineData("text/json")]
    [InlineData(", application/json")]
    public async Task What_a_form_can_send_without_being_asked_is_no_call(string type)
    {
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            foreach (var path in (string[])["/_mjolnir/tx/count", "/_mjolnir/session", "/_mjolnir/users"])
            {
                var answer = await visitor.SendAsync(HttpMethod.Post, path, new StringContent("{\"user\":\"form-user\",\"password\":\"long enough\"}", Encoding.UTF8), ("Content-Type", type));
                Assert.Equal(400, answer.Code);
            }
        }
    }

    [Fact]
    public async Task No_answer_invites_another_sites_scripts_to_read_it()
    {
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            foreach (var path in (string[])["/", "/plain.html", "/app.js", "/_mjolnir/session", "/_mjolnir/mjolnir.js"])
            {
                var answer = await visitor.GetAsync(path, ("Origin", "https://evil.example"));
                Assert.Empty(answer.Headers["Access-Control-Allow-Origin"]);
                var preflight = await visitor.SendAsync(HttpMethod.Options, path, null, ("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"));
                Assert.Equal(405, preflight.Code);
                Assert.Empty(preflight.Headers["Access-Control-Allow-Origin"]);
            }
        }
    }

    [Fact]
    public async Task Reading_changes_nothing()
    {
        using var alice = await site.SignedUpAsync("get-" + Guid.NewGuid().ToString("N"));
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Options])
        {
            Assert.Equal(405, (await alice.SendAsync(method, "/_mjolnir/tx/count", null)).Code);
        }

        Assert.Equal(405, (await alice.GetAsync("/_mjolnir/users")).Code);
        Assert.Equal("null", (await alice.CallAsync("kvGet", "count")).Result);
    }
}
