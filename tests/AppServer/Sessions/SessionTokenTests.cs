using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Tests.Http;

namespace Mjolnir.AppServer.Tests.Sessions;

/// <summary>Cookies: nobody makes one but us, and each ends.</summary>
public sealed class SessionTokenTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly SessionTokens _tokens = new([new byte[32]], "session|bank|Password");
    private readonly EndedSessions _ended;

    public SessionTokenTests() => _ended = new EndedSessions("bank", new FakeTransactions(), _time);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _ended.DisposeAsync().AsTask();

    [Theory]
    [InlineData("alice")]
    [InlineData("ä.ö=;, \"'\U0001F600")]
    [InlineData("x")]
    public void A_token_brings_its_user_back(string user)
    {
        var book = NewBook();
        var session = book.Open(user);

        var found = book.Find(book.Token(session));

        Assert.Equal((user, session.Id, session.Expires), (found!.User, found.Id, found.Expires));
    }

    [Fact]
    public void No_token_with_any_character_changed_is_valid()
    {
        var book = NewBook();
        var token = book.Token(book.Open("alice"));

        for (var i = 0; i < token.Length; i++)
        {
            // The last character of base64url carries two spare bits; what decodes to the same MAC is the same MAC.
            foreach (var c in i == token.Length - 1 ? "!." : "A.!0")
            {
                var forged = token[..i] + c + token[(i + 1)..];
                Assert.True(forged == token || book.Find(forged) is null, forged);
            }

            Assert.Null(book.Find(token.AsSpan(0, i)));
            Assert.Null(book.Find(token.AsSpan(i + 1)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData(".....")]
    [InlineData("1.YWxpY2U.0.0.99999999999.")]
    [InlineData("1.YWxpY2U.0.0.99999999999.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Nonsense_is_nobody(string token) => Assert.Null(NewBook().Find(token));

    [Fact]
    public void A_very_long_cookie_is_nobody() => Assert.Null(NewBook().Find(new string('a', 100_000)));

    [Fact]
    public void A_token_of_another_application_or_sign_in_mode_is_nobody()
    {
        var book = NewBook();
        var open = new SessionTokens([new byte[32]], "session|bank|Open");

        Assert.Null(book.Find(open.Sign(book.Open("alice"))));
    }

    [Fact]
    public void A_session_ends_after_30_days_also_when_it_was_found_before()
    {
        var book = NewBook();
        var token = book.Token(book.Open("alice"));
        _time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromSeconds(1));
        Assert.NotNull(book.Find(token));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(book.Find(token));
        Assert.Null(NewBook().Find(token));
    }

    [Fact]
    public void A_used_session_is_renewed_once_a_day_and_stays_the_same()
    {
        var book = NewBook();
        var session = book.Open("alice");
        Assert.False(book.IsRenewalDue(session));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.True(book.IsRenewalDue(session));

        var renewed = book.Renew(session);

        Assert.Equal((session.User, session.Id), (renewed.User, renewed.Id));
        Assert.Equal(TimeSpan.FromDays(1).TotalSeconds, renewed.Expires - session.Expires);
        Assert.False(book.IsRenewalDue(renewed));
    }

    [Fact]
    public async Task Signing_out_ends_every_cookie_of_the_session_and_no_other()
    {
        var book = NewBook();
        var (here, there) = (book.Open("alice"), book.Open("alice"));
        var (first, other) = (book.Token(here), book.Token(there));
        _time.Advance(TimeSpan.FromDays(1));
        var renewed = book.Token(book.Renew(here));
        Assert.NotNull(book.Find(first));

        Assert.True(await book.EndAsync(here, CancellationToken.None));

        Assert.Null(book.Find(first));
        Assert.Null(await book.CheckedAsync(book.Find(renewed)!, CancellationToken.None));
        Assert.Null(book.Find(renewed));
        Assert.NotNull(await book.CheckedAsync(book.Find(other)!, CancellationToken.None));
    }

    [Fact]
    public void Remembering_is_bounded_and_forgetting_harmless()
    {
        var book = NewBook();
        var kept = book.Token(book.Open("kept"));
        Assert.NotNull(book.Find(kept));

        for (var i = 0; i < AppServerLimits.VerifiedSessions + 10; i++)
        {
            Assert.NotNull(book.Find(book.Token(book.Open($"u{i}"))));
        }

        Assert.Equal("kept", book.Find(kept)!.User);
    }

    private SessionBook NewBook() => new(_tokens, _ended, _time);
}
