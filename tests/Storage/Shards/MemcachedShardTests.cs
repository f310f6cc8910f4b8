using Mjolnir.Memcached;
using Mjolnir.Servers;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Storage.Tests.Shards;

/// <summary>What every shard promises, kept by a real memcached.</summary>
public sealed class MemcachedShardTests : ShardConnectionContract, IAsyncLifetime
{
    private static readonly MemcachedShardLimits Limits = new() { Connection = MemcachedLimits.Default with { LeaseSeconds = 1 } };

    private MemcachedServer _server = null!;

    public async Task InitializeAsync() => _server = await MemcachedServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    protected override int ItemBytes => 1 << 20;

    protected override ValueTask<IShardConnection> ConnectAsync() => new(new MemcachedShardConnection("s1", _server.Address, Limits));

    protected override async ValueTask RestartAsync() => await _server.RestartAsync();

    /// <summary>A lease taken now ends no earlier than those of before: memcached's clock has one tick for all.</summary>
    protected override async ValueTask ExpireLeasesAsync()
    {
        await using var connection = await ConnectAsync();
        var witness = await RunAsync(connection, ShardVerb.GetOrLease, "1:witness");
        Assert.Equal(ShardStatus.LeaseWon, witness.Status);
        while ((await RunAsync(connection, ShardVerb.CompareAndDelete, "1:witness", token: witness.Token + 1)).Status != ShardStatus.NotFound)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>By both ways of adding: what the shard is asked before it knows its figures goes by the careful one.</summary>
    [Fact]
    public async Task An_item_added_with_a_life_leaves_by_itself()
    {
        await using var connection = await ConnectAsync();
        var adds = Enumerable.Range(0, 3).Select(i => new ShardOperation { Verb = ShardVerb.Add, CacheKey = $"1:short{i}", Value = new byte[] { 1 }, Life = TimeSpan.FromMilliseconds(i == 2 ? 0 : 700) }).ToArray();
        await connection.RunAsync([adds[0]], CancellationToken.None);
        await connection.OpenAsync("label", CancellationToken.None);
        await connection.RunAsync(adds, CancellationToken.None);
        Assert.All(adds, add => Assert.Equal(ShardStatus.Stored, add.Status));
        for (var start = TimeProvider.System.GetTimestamp(); (await RunAsync(connection, ShardVerb.Get, "1:short1")).Status != ShardStatus.Miss;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "it stays");
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(ShardStatus.Hit, (await RunAsync(connection, ShardVerb.Get, "1:short2")).Status);
    }

    [Fact]
    public async Task A_connection_made_on_a_context_that_ends_can_still_be_closed()
    {
        var connection = OnADeadContext(() => new MemcachedShardConnection("s1", _server.Address, Limits));

        await connection.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static T OnADeadContext<T>(Func<T> make)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new DeadContext());
        try
        {
            return make();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>As that of a server's lane after the server has stopped: nothing that is posted runs.</summary>
    private sealed class DeadContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }
}
