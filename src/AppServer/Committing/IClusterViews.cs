using Mjolnir.Core.Views;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>What the registry says of the views just now.</summary>
/// <param name="View">the newest view, open or not</param>
/// <param name="Active">the number of the newest view that is open; not above the view's own</param>
public readonly record struct LatestView(ClusterView View, long Active);

/// <summary>The cluster's views as one server sees them. Implementations: <see cref="FixedViews"/> (one view for ever), the registry of a cluster, scripted ones in protocol tests.</summary>
public interface IClusterViews
{
    /// <summary>The newest view in the registry, read now (V12), and the number of the newest view that is active. Called on the lane, at each opening of a log.</summary>
    ValueTask<LatestView> LatestAsync(CancellationToken cancellationToken);

    /// <summary>This server's connection to a shard; the same object for as long as name and address are the same. The committer never closes it.</summary>
    IShardConnection ConnectionTo(ShardDescription shard);

    /// <summary>A shard does not bear the label that the view says, or refused for memory: somebody must make a new view. Returns at once; told once per label.</summary>
    void Report(ShardDescription shard, string reason);
}

/// <summary>One view, open from the start and never followed by another: the embedded stack, whose shards live and die with the process.</summary>
/// <param name="view">the view</param>
/// <param name="connections">one connection per shard of the view, in the view's order</param>
/// <param name="report">told of a shard in trouble; its rows are refused from then on</param>
public sealed class FixedViews(ClusterView view, IReadOnlyList<IShardConnection> connections, Action<ShardDescription, string>? report = null) : IClusterViews
{
    /// <inheritdoc/>
    public ValueTask<LatestView> LatestAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new LatestView(view, view.Number));

    /// <inheritdoc/>
    public IShardConnection ConnectionTo(ShardDescription shard)
    {
        for (var i = 0; i < view.Shards.Count; i++)
        {
            if (view.Shards[i] == shard)
            {
                return connections[i];
            }
        }

        throw new ArgumentException($"Shard {shard.Name} is not in view {view.Number}.", nameof(shard));
    }

    /// <inheritdoc/>
    public void Report(ShardDescription shard, string reason) => report?.Invoke(shard, reason);
}
