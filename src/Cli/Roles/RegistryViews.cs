using System.Collections.Concurrent;
using Mjolnir.AppServer.Committing;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Cli.Roles;

/// <summary>The cluster's views as the registry has them, and this process's connections to the shards that they name.</summary>
/// <param name="registry">the registry</param>
/// <param name="bus">where a shard in trouble is told</param>
/// <param name="connect">opens a connection to a shard</param>
/// <param name="alarm">told of a shard whose memory cannot be trusted</param>
internal sealed class RegistryViews(ClusterRegistry registry, IClusterBus bus, Func<ShardDescription, IShardConnection> connect, Action<Violation> alarm) : IClusterViews, IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Name, string Address), Lazy<IShardConnection>> _connections = new();

    /// <summary>Slots given away up to this view may be used: this process's snapshot of the store was taken after it was opened (W7).</summary>
    public long Opened { get; set; }

    public async ValueTask<LatestView> LatestAsync(CancellationToken cancellationToken) =>
        await TryLatestAsync(cancellationToken) is { } latest ? latest with { Active = Math.Min(latest.Active, Opened) } : throw new InvalidOperationException("The registry has no view.");

    /// <summary>The newest view made and the number of the newest one open, whatever this process knows of the store; null before the first view.</summary>
    public async ValueTask<LatestView?> TryLatestAsync(CancellationToken cancellationToken)
    {
        var (latest, active) = await registry.NewestViewsAsync(cancellationToken);
        return latest is null ? null : new LatestView(latest, active?.Number ?? 0);
    }

    public IShardConnection ConnectionTo(ShardDescription shard) =>
        _connections.GetOrAdd((shard.Name, shard.Address!), _ => new Lazy<IShardConnection>(() => connect(shard))).Value;

    public void Report(ShardDescription shard, string reason)
    {
        bus.Tell(new ShardTrouble(shard.Name, shard.Label, reason));
        alarm(new Violation(ViolationKind.UnlabelledShard, $"shard {shard.Name}", $"Shard {shard.Name} at {shard.Address} is not the one of the view, labelled {shard.Label}. {reason} Its slots wait for a new view."));
    }

    /// <summary>A view is open: connections to shards that it does not have are closed.</summary>
    public async ValueTask KeepOnlyAsync(ClusterView view)
    {
        var named = view.Shards.Select(shard => (shard.Name, shard.Address!)).ToHashSet();
        foreach (var key in _connections.Keys.Where(key => !named.Contains(key)))
        {
            if (_connections.TryRemove(key, out var gone) && gone.IsValueCreated)
            {
                await gone.Value.DisposeAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values.Where(connection => connection.IsValueCreated))
        {
            await connection.Value.DisposeAsync();
        }
    }
}
