using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Services;

namespace Mjolnir.Memcached.Tests.Connections;

/// <summary>The connection with a real memcached.</summary>
public sealed class RealServerTests : IAsyncLifetime
{
    private static readonly MemcachedLimits Limits = new() { Pass = TimeSpan.FromSeconds(1), LeaseSeconds = 1 };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private MemcachedServer _server = null!;
    private MemcachedConnection _connection = null!;

    public async Task InitializeAsync()
    {
        _server = await MemcachedServer.StartAsync();
        _connection = new MemcachedConnection(MemcachedAddress.Parse(_server.Address), Limits);
    }

    public async Task DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(MemcachedVerb.Add, MemcachedVerb.CompareAndSet)]
    [InlineData(MemcachedVerb.AddKeeping, MemcachedVerb.CompareAndSetKeeping)]
    public async Task Classic_and_meta_verbs_mean_the_same(MemcachedVerb add, MemcachedVerb compareAndSet)
    {
        Assert.Equal(MemcachedStatus.NotFound, (await AskAsync(compareAndSet, "k", "a", 1)).Status());
        var added = await AskAsync(add, "k", "a");
        Assert.Equal(MemcachedStatus.Stored, added.Status());
        Assert.Equal(MemcachedStatus.Exists, (await AskAsync(add, "k", "b")).Status());
        var set = await AskAsync(compareAndSet, "k", "c", added.Token());
        Assert.Equal(MemcachedStatus.Stored, set.Status());
        Assert.Equal(MemcachedStatus.Conflict, (await AskAsync(compareAndSet, "k", "d", added.Token())).Status());
        var got = await AskAsync(MemcachedVerb.Get, "k");
        Assert.Equal((MemcachedStatus.Hit, "c", set.Token()), (got.Status(), got.Value(), got.Token()));
        Assert.Equal(MemcachedStatus.Done, (await AskAsync(MemcachedVerb.CompareAndDelete, "k", "", set.Token())).Status());
        Assert.Equal(MemcachedStatus.Miss, (await AskAsync(MemcachedVerb.Get, "k")).Status());
    }

    [Fact]
    public async Task A_keeping_verb_takes_over_a_lease_and_what_it_stores_does_not_expire()
    {
        var lease = await AskAsync(MemcachedVerb.GetOrLease, "k");
        Assert.Equal(MemcachedStatus.LeaseWon, lease.Status());
        Assert.Equal(MemcachedStatus.Exists, (await AskAsync(MemcachedVerb.AddKeeping, "k", "x")).Status());
        Assert.Equal(MemcachedStatus.Stored, (await AskAsync(MemcachedVerb.CompareAndSetKeeping, "k", "a", lease.Token())).Status());
        var witness = await AskAsync(MemcachedVerb.GetOrLease, "witness");
        while ((await AskAsync(MemcachedVerb.CompareAndDelete, "witness", "", witness.Token() + 1)).Status() != MemcachedStatus.NotFound)
        {
            await Task.Delay(20);
        }

        Assert.Equal("a", (await AskAsync(MemcachedVerb.Get, "k")).Value());
    }

    [Fact]
    public async Task A_keeping_write_that_is_overwritten_before_it_can_be_looked_at_is_unknown()
    {
        // memcached runs the two commands one after the other; another connection's write falls in between sooner or later: soonest where it turns to others between
        // the two, as it does behind every 20th command of a connection.
        await using var other = new MemcachedConnection(_connection.Address, Limits);
        using var stop = new CancellationTokenSource();
        var overwriting = Task.Run(async () =>
        {
            var pass = Enumerable.Repeat(Asking.Request(MemcachedVerb.Set, "k", "theirs"), 100).ToArray();
            while (!stop.IsCancellationRequested)
            {
                await other.RunAsync(new Asking(pass));
            }
        });
        await AskAsync(MemcachedVerb.Set, "k", "theirs");
        var seen = new HashSet<MemcachedStatus>();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        for (var before = 0; !patience.IsCancellationRequested && !(seen.Contains(MemcachedStatus.Unknown) && seen.Contains(MemcachedStatus.Stored)); before = (before + 1) % 20)
        {
            var token = (await AskAsync(MemcachedVerb.Get, "k")).Token();
            var set = new Asking([.. Enumerable.Repeat(Asking.Request(MemcachedVerb.Get, "other"), before), Asking.Request(MemcachedVerb.CompareAndSetKeeping, "k", "ours", token)]);
            await _connection.RunAsync(set);
            Assert.True(set.Complete);
            Assert.True(set.Status(before) is MemcachedStatus.Stored or MemcachedStatus.Conflict or MemcachedStatus.Unknown);
            seen.Add(set.Status(before));
        }

        await stop.CancelAsync();
        await overwriting;
        Assert.Contains(MemcachedStatus.Unknown, seen);
        Assert.Contains(MemcachedStatus.Stored, seen);
    }

    [Fact]
    public async Task An_item_of_the_limit_is_stored_and_one_byte_more_is_not_sent()
    {
        var largest = new string('v', Limits.ItemBytes - MemcachedLimits.ItemSize("k", 0));
        var stored = await AskAsync(MemcachedVerb.Set, "k", largest);
        Assert.Equal(MemcachedStatus.Stored, stored.Status());
        Assert.Equal(largest, (await AskAsync(MemcachedVerb.Get, "k")).Value());
        Assert.Equal(MemcachedStatus.TooLarge, (await AskAsync(MemcachedVerb.CompareAndSet, "k", largest + "v", stored.Token())).Status());
        Assert.Equal(stored.Token(), (await AskAsync(MemcachedVerb.Get, "k")).Token());
    }

    [Fact]
    public async Task A_key_that_would_be_a_command_is_not_sent()
    {
        await AskAsync(MemcachedVerb.Set, "k", "a");
        Assert.Equal(MemcachedStatus.BadKey, (await AskAsync(MemcachedVerb.Get, "x\r\nflush_all\r\n")).Status());
        Assert.Equal(MemcachedStatus.Hit, (await AskAsync(MemcachedVerb.Get, "k")).Status());
    }

    [Fact]
    public async Task Operations_that_need_no_sending_are_left_out_wherever_they_stand()
    {
        await AskAsync(MemcachedVerb.Set, "k", "a");
        for (var withheld = 0; withheld < 8; withheld++)
        {
            var passes = Enumerable.Range(0, 3).Select(_ => new Asking(Enumerable.Repeat(Asking.Request(MemcachedVerb.Get, "k"), 3).ToArray())).ToList();
            foreach (var pass in passes)
            {
                pass.Withheld.UnionWith(Enumerable.Range(0, 3).Where(i => (withheld >> i & 1) == 1));
            }

            // A full pass around each, so that empty ones wait behind answers.
            var all = passes.SelectMany(pass => new[] { new Asking(Asking.Request(MemcachedVerb.Get, "k")), pass }).ToList();
            await Task.WhenAll(all.ConvertAll(pass => _connection.RunAsync(pass).AsTask())).WaitAsync(Patience);
            Assert.All(all, pass => Assert.All(Enumerable.Range(0, pass.Count), i =>
                Assert.Equal(pass.Withheld.Contains(i) ? MemcachedStatus.Pending : MemcachedStatus.Hit, pass.Status(i))));
        }
    }

    [Fact]
    public async Task Many_callers_share_one_connection_and_each_gets_its_own_answers()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            var value = new string((char)('a' + caller), 1 + (caller * caller * 50));
            for (var round = 0; round < 100; round++)
            {
                var keys = Enumerable.Range(0, 1 + ((caller + round) % 20)).Select(i => $"{caller}/{i}").ToList();
                var sets = new Asking([.. keys.Select(key => Asking.Request(MemcachedVerb.Set, key, value + round))]);
                await _connection.RunAsync(sets);
                var gets = new Asking([.. keys.Select(key => Asking.Request(MemcachedVerb.Get, key))]);
                await _connection.RunAsync(gets);
                Assert.All(Enumerable.Range(0, keys.Count), i => Assert.Equal((value + round, sets.Token(i)), (gets.Value(i), gets.Token(i))));
            }
        }))).WaitAsync(Patience);
        Assert.Equal(1, _connection.Incarnation);
    }

    [Fact]
    public async Task Tokens_of_before_a_restart_are_not_sent_to_the_restarted_server()
    {
        var old = await AskAsync(MemcachedVerb.Add, "k", "old");
        await _server.RestartAsync();
        Assert.Equal(MemcachedStatus.Unknown, (await AskAsync(MemcachedVerb.Get, "k")).Status());

        // Another app server stored first: its item bears the same number as the old one did.
        await using var other = new MemcachedConnection(_connection.Address, Limits);
        var theirs = await Asking.OneAsync(other, MemcachedVerb.Add, "k", "theirs");
        Assert.Equal(old.Token(), theirs.Token());

        Assert.Equal(MemcachedStatus.Conflict, (await AskAsync(MemcachedVerb.CompareAndSet, "k", "lost update", old.Token())).Status());
        Assert.Equal(MemcachedStatus.Conflict, (await AskAsync(MemcachedVerb.CompareAndSetKeeping, "k", "lost update", old.Token())).Status());
        Assert.Equal(MemcachedStatus.Conflict, (await AskAsync(MemcachedVerb.CompareAndDelete, "k", "", old.Token())).Status());
        var now = await AskAsync(MemcachedVerb.Get, "k");
        Assert.Equal("theirs", now.Value());
        Assert.Equal(MemcachedStatus.Stored, (await AskAsync(MemcachedVerb.CompareAndSet, "k", "ours", now.Token())).Status());
    }

    [Fact]
    public async Task The_first_pass_after_a_loss_that_nobody_saw_is_unknown_and_not_sent()
    {
        await AskAsync(MemcachedVerb.Get, "k");
        await _server.RestartAsync();
        var first = await AskAsync(MemcachedVerb.Add, "k", "a");
        Assert.Equal(MemcachedStatus.Unknown, first.Status());

        // More than one when the dying server's backlog accepted a connection in between.
        Assert.InRange(_connection.Incarnation, 2, 10);
        Assert.Equal(MemcachedStatus.Miss, (await AskAsync(MemcachedVerb.Get, "k")).Status());
    }

    [Fact]
    public async Task Housekeeping_does_not_take_the_news_of_a_loss_away_from_the_callers()
    {
        await AskAsync(MemcachedVerb.Get, "k");
        await _server.RestartAsync();
        Asking housekeeping;
        do
        {
            housekeeping = new Asking(Asking.Request(MemcachedVerb.Get, "k")) { IsHousekeeping = true };
            await _connection.RunAsync(housekeeping);
        }
        while (!housekeeping.Complete);
        Assert.Equal(MemcachedStatus.Unknown, (await AskAsync(MemcachedVerb.Add, "k", "a")).Status());
        Assert.Equal(MemcachedStatus.Stored, (await AskAsync(MemcachedVerb.Add, "k", "a")).Status());
    }

    [Fact]
    public async Task Passes_wait_for_a_server_that_comes_back_and_no_longer_than_their_time_for_one_that_does_not()
    {
        await AskAsync(MemcachedVerb.Get, "k");
        await _server.KillAsync();
        Assert.Equal(MemcachedStatus.Unknown, (await AskAsync(MemcachedVerb.Get, "k")).Status());
        Assert.Equal(MemcachedStatus.Unknown, (await AskAsync(MemcachedVerb.Get, "k").WaitAsync(Patience)).Status());
        Assert.False(_connection.IsConnected);
        Assert.Contains(_server.Address, _connection.LastFault);
        var restart = _server.RestartAsync();
        var waiting = AskAsync(MemcachedVerb.Get, "k");
        await restart;
        Assert.Equal(MemcachedStatus.Miss, (await waiting.WaitAsync(Patience)).Status());
    }

    [Fact]
    public async Task A_server_that_stands_still_times_out_and_what_was_sent_may_be_done_later()
    {
        var token = (await AskAsync(MemcachedVerb.Add, "k", "a")).Token();
        _server.Pause();
        var late = await AskAsync(MemcachedVerb.CompareAndSet, "k", "late", token).WaitAsync(Patience);
        Assert.Equal(MemcachedStatus.Unknown, late.Status());
        Assert.True(_connection.Incarnation > late.Incarnation || _connection.Incarnation == 2);
        _server.Resume();
        Asking got;
        do
        {
            got = await AskAsync(MemcachedVerb.Get, "k").WaitAsync(Patience);
        }
        while (got.Status() != MemcachedStatus.Hit || got.Value() == "a");
        Assert.Equal("late", got.Value());
    }

    [Fact]
    public async Task A_closed_connection_ends_its_passes_and_takes_no_more()
    {
        _server.Pause();
        var passes = Enumerable.Range(0, 10).Select(i => AskAsync(MemcachedVerb.Get, $"k{i}")).ToList();
        await _connection.DisposeAsync();
        Assert.All(await Task.WhenAll(passes).WaitAsync(Patience), pass => Assert.Equal(MemcachedStatus.Unknown, pass.Status()));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AskAsync(MemcachedVerb.Get, "k"));
        _server.Resume();
    }

    [Fact]
    public async Task A_unix_socket_serves_as_well()
    {
        using var folder = new TestFolder();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        }

        await using var service = await MemcachedService.StartAsync(new MemcachedServiceOptions { Socket = folder.At("shard.sock") }, CancellationToken.None);
        await using var connection = new MemcachedConnection(MemcachedAddress.Parse(service.Address), Limits);
        var large = new string('v', 500_000);
        Assert.Equal(MemcachedStatus.Stored, (await Asking.OneAsync(connection, MemcachedVerb.Set, "k", large)).Status());
        Assert.Equal(large, (await Asking.OneAsync(connection, MemcachedVerb.Get, "k")).Value());
    }

    [Theory]
    [InlineData("127.0.0.1:11211", true)]
    [InlineData("cache-1:11211", true)]
    [InlineData("[::1]:11211", true)]
    [InlineData("/run/mjolnir/s1.sock", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData(":11211", false)]
    [InlineData("host:0", false)]
    [InlineData("host:65536", false)]
    [InlineData("", false)]
    public void An_address_is_a_host_with_a_port_or_a_path(string text, bool valid)
    {
        Assert.Equal(valid, MemcachedAddress.TryParse(text, out var address));
        Assert.True(!valid || address.ToString() == text);
    }

    private Task<Asking> AskAsync(MemcachedVerb verb, string key, string value = "", ulong token = 0) => Asking.OneAsync(_connection, verb, key, value, token);
}
