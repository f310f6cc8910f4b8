using Mjolnir.AppServer.Sessions;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Sessions;

/// <summary>Nobody is anybody without a cookie that this site signed, for as long as it is good.</summary>
public sealed class Stolen_and_forged_cookies(Site site) : IClassFixture<Site>
{
    private const string Name = "mjolnir-session=";

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    private string Scope => "session|target|Password";

    [Fact]
    public async Task A_cookie_with_any_part_changed_or_cut_is_nobody()
    {
        using var alice = await site.SignedUpAsync("forged-alice");
        var good = alice.Cookie![Name.Length..];
        var parts = good.Split('.');
        var bad = new List<string> { "", "1", ".....", good + ".", good + "A", "2" + good[1..], good.Replace("1.", "1..", StringComparison.Ordinal), $"{good}.{parts[^1]}" };
        bad.AddRange(Enumerable.Range(0, good.Length).Select(length => good[..length]));
        for (var i = 0; i < parts.Length; i++)
        {
            // The last character of a MAC in base64 holds two bits that mean nothing: the first one is changed.
            bad.Add(string.Join('.', parts.Select((part, at) => at == i ? (part[0] == 'A' ? 'B' : 'A') + part[1..] : part)));
            bad.Add(string.Join('.', parts.Where((_, at) => at != i)));
        }

        foreach (var url in site.Both)
        {
            using var thief = site.Stranger(url);
            foreach (var token in bad)
            {
                thief.Cookie = Name + token;
                Assert.Equal("null", (await thief.CallAsync("who")).Result);
            }

            thief.Cookie = Name + good;
            Assert.Equal("\"forged-alice\"", (await thief.CallAsync("who")).Result);
        }
    }

    [Fact]
    public async Task An_expired_cookie_one_of_another_key_and_one_of_another_scope_are_nobody()
    {
        var ours = site.Secrets.SessionKeys;
        var other = new byte[32];
        var good = new Session("victim", "id", Now, Now + 60);
        string[] cookies =
        [
            new SessionTokens(ours, Scope).Sign(new Session("victim", "id", Now - 120, Now - 60)),
            new SessionTokens([other], Scope).Sign(good),
            new SessionTokens(ours, "session|bank|Password").Sign(good),
            new SessionTokens(ours, "session|target|Open").Sign(good),
        ];

        foreach (var url in site.Both)
        {
            using var thief = site.Stranger(url);
            foreach (var cookie in cookies)
            {
                thief.Cookie = Name + cookie;
                Assert.Equal("null", (await thief.CallAsync("who")).Result);
                Assert.Equal(401, (await thief.CallAsync("mine", "x")).Code);
            }

            thief.Cookie = Name + new SessionTokens(ours, Scope).Sign(good);
            Assert.Equal("\"victim\"", (await thief.CallAsync("who")).Result);
        }
    }

    [Fact]
    public async Task A_session_that_was_there_before_signing_in_is_not_the_one_after()
    {
        // The attacker signs in and puts the cookie into the victim's browser, who then signs in: the attacker must not end up in the victim's session.
        using var attacker = await site.SignedUpAsync("fix-attacker");
        using var victim = await site.SignedUpAsync("fix-victim");
        var planted = attacker.Cookie;
        victim.Cookie = planted;

        await victim.PostAsync("/_mjolnir/session", new { user = "fix-victim", password = Visitor.Password });

        Assert.NotEqual(planted, victim.Cookie);
        attacker.Cookie = planted;
        Assert.Equal("null", (await attacker.CallAsync("who")).Result);
        Assert.Equal("\"fix-victim\"", (await victim.CallAsync("who")).Result);
    }

    [Fact]
    public async Task Who_has_a_copy_of_a_cookie_is_nobody_once_its_owner_signed_out_on_every_connection()
    {
        using var owner = await site.SignedUpAsync("out-owner");
        using var thief = site.Stranger();
        thief.Cookie = owner.Cookie;
        Assert.Equal("\"out-owner\"", (await thief.CallAsync("who")).Result);
        var (socket, hello) = await thief.LiveAsync();
        using (socket)
        {
            Assert.Equal("out-owner", hello.GetProperty("user").GetString());

            await owner.SendAsync(HttpMethod.Delete, "/_mjolnir/session", null);

            thief.Cookie = "mjolnir-session=" + thief.Cookie![Name.Length..];
            Assert.Equal("null", (await thief.CallAsync("who")).Result);
            Assert.Equal(System.Text.Json.JsonValueKind.Undefined, (await Visitor.NextAsync(socket)).ValueKind);
        }
    }

    [Fact]
    public void A_session_that_a_connection_holds_ends_also_after_the_book_has_forgotten_it()
    {
        var book = new SessionBook(new SessionTokens(site.Secrets.SessionKeys, Scope), TimeProvider.System);
        var session = book.Open("alice");
        var token = book.Token(session);
        var held = book.Find(token)!;
        var seen = book.Ends;
        for (var i = 0; i <= AppServer.AppServerLimits.VerifiedSessions; i++)
        {
            book.Find(book.Token(book.Open("somebody")));
        }

        book.End(book.Find(token)!);

        // The session held is another object by now and knows nothing: whoever holds it is told to look again.
        Assert.True(held.IsAlive(book.Now));
        Assert.NotEqual(seen, book.Ends);
        Assert.Null(book.Find(token));
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_of_scripts_and_of_other_sites_forms()
    {
        using var visitor = site.Stranger();
        var answer = await visitor.PostAsync("/_mjolnir/users", new { user = "flags", password = Visitor.Password });
        var cookie = answer.Headers["Set-Cookie"].Single();

        Assert.Contains("; HttpOnly", cookie);
        Assert.Contains("; SameSite=Lax", cookie);
        Assert.Contains("; Path=/;", cookie);
        Assert.DoesNotContain("Domain", cookie);
    }
}
