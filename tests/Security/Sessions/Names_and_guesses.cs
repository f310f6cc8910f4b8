using System.Diagnostics;
using Mjolnir.AppServer;
using Mjolnir.AppServer.Http;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Sessions;

/// <summary>Who one is cannot be guessed, and cannot be imitated by a name that looks the same.</summary>
public sealed class Names_and_guesses
{
    [Theory]
    [InlineData("alice ")]
    [InlineData(" alice")]
    [InlineData("ali\u200Bce")]
    [InlineData("alice\u200D")]
    [InlineData("\u202Eecila")]
    [InlineData("alice\u00A0b")]
    [InlineData("a\u2028b")]
    [InlineData("ali\u00ADce")]
    [InlineData("alice\uE000")]
    [InlineData("al\tice")]
    [InlineData("al\u0085ice")]
    [InlineData("_users")]
    [InlineData("")]
    public void A_name_that_looks_like_another_is_no_new_name(string name) => Assert.NotNull(AppServer.Sessions.UserNames.NewFault(name));

    [Theory]
    [InlineData("alice")]
    [InlineData("Jean-Luc Müller")]
    [InlineData("王小明")]
    [InlineData("😀")]
    [InlineData("o'hara@example.com")]
    public void Usual_names_are(string name) => Assert.Null(AppServer.Sessions.UserNames.NewFault(name));

    [Fact]
    public async Task Many_guesses_at_once_are_no_cheaper_than_one_after_another()
    {
        await using var site = new Disposable(await Site.StartAsync());
        using var victim = await site.Site.SignedUpAsync("victim");
        using var guesser = site.Site.Stranger();
        const int AtOnce = 40;

        var first = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(i => GuessAsync(guesser, i)));
        var letIn = first.Count(static code => code == 401);
        var began = Stopwatch.GetTimestamp();

        // What was let in beyond the allowance is owed: it takes 10 s for each before another guess is heard, not 10 s for all.
        Assert.All(first, static code => Assert.True(code is 401 or 429 or 503));
        var owed = letIn - AppServerLimits.FailedSignInsPerUser;
        var later = await GuessAsync(guesser, AtOnce);
        Assert.True(owed < 0 || later == 429 || Stopwatch.GetElapsedTime(began).TotalSeconds * AppServerLimits.FailedSignInsPerUserSecond > owed, $"{letIn} guesses were let in, and the next one too");
    }

    [Fact]
    public void What_failed_beyond_the_burst_is_owed()
    {
        var time = new ManualClock();
        var buckets = new TokenBuckets(new RateLimit(0.1, 10), time);
        for (var i = 0; i < 30; i++)
        {
            buckets.Charge("victim");
        }

        time.Now += TimeSpan.FromSeconds(199);
        Assert.False(buckets.MayTake("victim"));
        time.Now += TimeSpan.FromSeconds(12);
        Assert.True(buckets.MayTake("victim"));
        Assert.True(buckets.MayTake("another"));
    }

    [Fact]
    public async Task Nobody_spends_what_an_address_may_ask_for_by_a_name_like_it()
    {
        await using var site = new Disposable(await Site.StartAsync(new RateLimit(0.001, 5)));
        using var named = await site.Site.SignedUpAsync("@127.0.0.1");
        using var stranger = site.Site.Stranger();
        for (var i = 0; i < 8; i++)
        {
            await named.CallAsync("ping");
        }

        Assert.Equal(429, (await named.CallAsync("ping")).Code);
        Assert.Equal(200, (await stranger.CallAsync("ping")).Code);
    }

    private static async Task<int> GuessAsync(Visitor guesser, int i) => (await guesser.PostAsync("/_mjolnir/session", new { user = "victim", password = $"wrong guess {i}" })).Code;

    private sealed class ManualClock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
