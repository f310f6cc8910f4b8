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
}
