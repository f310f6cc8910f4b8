using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Tests.Http;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Tests.Sessions;

/// <summary>Signing up, in and out over HTTP.</summary>
public sealed class SignInTests
{
    private const string Session = "/_mjolnir/session";
    private const string Users = "/_mjolnir/users";

    [Fact]
    public async Task A_user_signs_up_out_and_in_again()
    {
        await using var server = await PasswordServerAsync();
        using var client = server.Client();
        Assert.Equal("""{"user":null,"signIn":"password"}""", await client.GetStringAsync(Session));

        var signedUp = await client.PostAsync(Users, Credentials("alice", "correct horse"));

        Assert.Equal(HttpStatusCode.OK, signedUp.StatusCode);
        Assert.Equal("""{"user":"alice","signIn":"password"}""", await client.GetStringAsync(Session));
        var cookie = signedUp.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("; HttpOnly", cookie);
        Assert.Contains("; SameSite=Lax", cookie);
        Assert.Contains("; Path=/", cookie);
        Assert.Contains("; Max-Age=2592000", cookie);
        Assert.DoesNotContain("Secure", cookie);

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(Session)).StatusCode);
        Assert.Contains("\"user\":null", await client.GetStringAsync(Session));

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync(Session, Credentials("alice", "wrong horse"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Session, Credentials("alice", "correct horse"))).StatusCode);
        Assert.DoesNotContain("horse", server.Logs.Text);
    }

    [Fact]
    public async Task The_record_holds_a_hash_and_no_password()
    {
        await using var server = await PasswordServerAsync();
        using var client = server.Client();
        await client.PostAsync(Users, Credentials("alice", "correct horse"));
        Assert.True(RowKey.TryCreate("bank", "_users", "alice", out var key));

        var record = (await server.Transactions.ReadAsync(key, CancellationToken.None))!.ToString();

        Assert.Equal(["name", "hash", "created"], JsonDocument.Parse(record).RootElement.EnumerateObject().Select(property => property.Name));
        Assert.DoesNotContain("horse", record);
    }

    [Fact]
    public async Task A_taken_name_is_409_and_keeps_its_password()
    {
        await using var server = await PasswordServerAsync();
        using var client = server.Client();
        await client.PostAsync(Users, Credentials("alice", "correct horse"));

        Assert.Equal(HttpStatusCode.Conflict, (await client.PostAsync(Users, Credentials("alice", "another horse"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync(Session, Credentials("alice", "another horse"))).StatusCode);
    }

    [Theory]
    [InlineData("", "long enough", 400)]
    [InlineData("_users", "long enough", 400)]
    [InlineData("a\u0001b", "long enough", 400)]
    [InlineData("a\u0085b", "long enough", 400)]
    [InlineData("alice", "short", 400)]
    [InlineData("alice", "", 400)]
    [InlineData("a/../b %", "long enough", 200)]
    [InlineData("Ünï çödé", "long enough", 200)]
    public async Task Names_and_passwords_have_rules(string user, string password, int expected)
    {
        await using var server = await PasswordServerAsync();
        using var client = server.Client();

        Assert.Equal(expected, (int)(await client.PostAsync(Users, Credentials(user, password))).StatusCode);
    }

    [Fact]
    public async Task Lengths_are_limited_at_both_ends()
    {
        await using var server = await PasswordServerAsync();
        using var client = server.Client();

        Assert.Equal(400, (int)(await client.PostAsync(Users, Credentials(new string('a', 65), "long enough"))).StatusCode);
        Assert.Equal(400, (int)(await client.PostAsync(Users, Credentials(new string('語', 64), new string('p', 201)))).StatusCode);
        Assert.Equal(200, (int)(await client.PostAsync(Users, Credentials(new string('語', 64), new string('p', 200)))).StatusCode);
        Assert.Equal(400, (int)(await client.PostAsync(Users, Credentials(string.Concat(Enumerable.Repeat("\r\n", 4)), "long enough"))).StatusCode);
        Assert.Equal(413, (int)(await client.PostAsync(Users, Credentials("a", new string('p', 5000)))).StatusCode);
    }

    [Theory]
    [InlineData("", "application/json", 400)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("{\"user\":1,\"password\":\"long enough\"}", "application/json", 400)]
    [InlineData("{\"user\":\"\\ud800\",\"password\":\"long enough\"}", "application/json", 400)]
    [InlineData("{\"user\":\"a\",\"password\":\"long enough\"}", "text/plain", 400)]
    [InlineData("user=a&password=longenough", "application/x-www-form-urlencoded", 400)]
    public async Task Other_bodies_are_refused(string body, string type, int expected)
    {
        await using var server = await PasswordServerAsync();
        using var client = server.Client();

        Assert.Equal(expected, (int)(await client.PostAsync(Users, TestServer.Text(body, type))).StatusCode);
        Assert.Equal(expected, (int)(await client.PostAsync(Session, TestServer.Text(body, type))).StatusCode);
    }

    [Theory]
    [InlineData("POST", Session)]
    [InlineData("POST", Users)]
    [InlineData("DELETE", Session)]
    public async Task Another_sites_pages_cannot_sign_anybody_in_or_out(string method, string path)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.SignedInAsync("alice");
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = Credentials("mallory", "") };
        request.Headers.Add("Origin", "http://evil.example");

        Assert.Equal(HttpStatusCode.Forbidden, (await alice.SendAsync(request)).StatusCode);
        Assert.Contains("alice", await alice.GetStringAsync(Session));
    }

    [Fact]
    public async Task Guessing_is_slowed_down_for_the_user_guessed_at()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(settings => (settings.SignIn, settings.Time) = (SignInMode.Password, time));
        using var client = server.Client();
        await client.PostAsync(Users, Credentials("alice", "correct horse"));
        for (var i = 0; i < AppServerLimits.FailedSignInsPerUser; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync(Session, Credentials("alice", "wrong horse"))).StatusCode);
        }

        var refused = await client.PostAsync(Session, Credentials("alice", "wrong horse"));

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("10", refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync(Session, Credentials("bob", "wrong horse"))).StatusCode);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Session, Credentials("alice", "correct horse"))).StatusCode);
    }

    [Fact]
    public async Task Behind_TLS_the_cookie_is_Secure()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client(cookies: false);
        using var request = new HttpRequestMessage(HttpMethod.Post, Session) { Content = Credentials("alice", "") };
        request.Headers.Add("X-Forwarded-Proto", "https");

        var response = await client.SendAsync(request);

        Assert.EndsWith("; Secure", response.Headers.GetValues("Set-Cookie").Single());
    }

    [Fact]
    public async Task A_session_survives_a_restart_and_other_cookies_beside_it()
    {
        await using var first = await TestServer.StartAsync();
        var cookie = await first.CookieAsync("alice");
        await using var second = await TestServer.StartAsync(settings => settings.SecretsFolder = first.Folder);
        using var client = second.Client(cookies: false);
        client.DefaultRequestHeaders.Add("Cookie", $"a=b; mjolnir-session=forged; {cookie}; mjolnir-session2=x");

        Assert.Contains("alice", await client.GetStringAsync(Session));
    }

    [Fact]
    public async Task A_cookie_of_open_sign_in_is_worth_nothing_when_passwords_are_asked_for()
    {
        await using var open = await TestServer.StartAsync();
        var cookie = await open.CookieAsync("alice");
        await using var server = await TestServer.StartAsync(settings => (settings.SecretsFolder, settings.SignIn) = (open.Folder, SignInMode.Password));
        using var client = server.Client(cookies: false);
        client.DefaultRequestHeaders.Add("Cookie", cookie);

        Assert.Contains("\"user\":null", await client.GetStringAsync(Session));
    }

    [Fact]
    public async Task An_old_session_is_renewed_by_a_call_and_not_by_a_file_that_caches_keep()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(settings => settings.Time = time);
        var cookie = await server.CookieAsync("alice");
        using var client = server.Client(cookies: false);
        client.DefaultRequestHeaders.Add("Cookie", cookie);
        Assert.False((await client.PostAsync("/_mjolnir/tx/send", TestServer.Text("{}"))).Headers.Contains("Set-Cookie"));
        time.Advance(TimeSpan.FromDays(2));

        Assert.True((await client.PostAsync("/_mjolnir/tx/send", TestServer.Text("{}"))).Headers.Contains("Set-Cookie"));
        Assert.True((await client.GetAsync("/live.html")).Headers.Contains("Set-Cookie"));
        Assert.True((await client.GetAsync(Session)).Headers.Contains("Set-Cookie"));
        Assert.False((await client.GetAsync("/")).Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task The_built_in_page_runs_its_own_script_and_nothing_else()
    {
        await using var server = await PasswordServerAsync();
        using var client = server.Client();

        var response = await client.GetAsync("/_mjolnir/sign-in?next=/");

        var html = await response.Content.ReadAsStringAsync();
        var script = Regex.Match(html, "<script>(.*?)</script>", RegexOptions.Singleline).Groups[1].Value;
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains($"script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'", policy);
        Assert.Contains("default-src 'none'", policy);
        Assert.Equal("DENY", response.Headers.GetValues("X-Frame-Options").Single());
        Assert.Contains("autocomplete=\"current-password\"", html);
    }

    private static Task<TestServer> PasswordServerAsync() => TestServer.StartAsync(static settings => settings.SignIn = SignInMode.Password);

    private static StringContent Credentials(string user, string password) => TestServer.Json(new { user, password });
}
