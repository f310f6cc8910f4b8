using System.Text;
using Mjolnir.Core;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>An auditor's connections to the shards of a view. They only read: no leases, nothing written.</summary>
internal sealed class ShardReads(AuditorOptions options) : IAsyncDisposable
{
    private readonly Dictionary<(string Name, string? Address), IShardConnection> _connections = [];

    /// <summary>
    /// Reads items in one pass, with the label asked for behind them: on one connection, in order, the label is read last, so what came before is of the shard that the view describes (V5).
    /// Null: nothing can be said.
    /// </summary>
    public async ValueTask<IReadOnlyList<ShardOperation>?> ReadAsync(ShardDescription shard, IReadOnlyList<string> cacheKeys, CancellationToken cancellationToken)
    {
        var pass = cacheKeys.Append(IShardConnection.LabelKey).Select(key => new ShardOperation { Verb = ShardVerb.Get, CacheKey = key }).ToArray();
        var connection = ConnectionTo(shard);
        var running = connection.RunAsync(pass, cancellationToken).AsTask();
        try
        {
            await running.WaitAsync(options.Limits.ShardPatience, options.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Closing it ends the pass.
            _connections.Remove((shard.Name, shard.Address));
            await connection.DisposeAsync();
            await running.ToItsEnd();
            return null;
        }

        var label = pass[^1];
        return label.Status == ShardStatus.Hit && Encoding.UTF8.GetString(label.Value.Span) == shard.Label ? pass[..^1] : null;
    }

    /// <summary>Closes connections to shards that a view does not have.</summary>
    public async ValueTask KeepOnlyAsync(ClusterView view)
    {
        foreach (var gone in _connections.Keys.Where(key => !view.Shards.Any(shard => (shard.Name, shard.Address) == key)).ToList())
        {
            _connections.Remove(gone, out var connection);
            await connection!.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            await connection.DisposeAsync();
        }
    }

    private IShardConnection ConnectionTo(ShardDescription shard)
    {
        if (!_connections.TryGetValue((shard.Name, shard.Address), out var connection))
        {
            _connections.Add((shard.Name, shard.Address), connection = options.Connect(shard));
        }

        return connection;
    }
}
