namespace Mjolnir.Storage.Shards;

/// <summary>
/// A connection to an <see cref="EmbeddedShard"/>. A pass runs under one lock and completes at once, so no pass is ever half done; one whose
/// connection was lost before it does nothing and ends as <see cref="ShardStatus.Unknown"/>. Values that are read are the shard's own arrays: not to be written.
/// </summary>
public sealed class EmbeddedShardConnection : IShardConnection
{
    private readonly EmbeddedShard _shard;
    private long _life;
    private long _incarnation = 1;
    private volatile bool _cut;
    private volatile bool _disposed;

    internal EmbeddedShardConnection(EmbeddedShard shard, long life)
    {
        _shard = shard;
        _life = life;
    }

    /// <inheritdoc/>
    public string Shard => _shard.Name;

    /// <inheritdoc/>
    public bool AnswersAtOnce => true;

    /// <inheritdoc/>
    public long Incarnation => Volatile.Read(ref _incarnation);

    /// <summary>Cuts this connection, as a network fault does: the shard keeps its items, the next pass ends as Unknown without effect, and then there is a new incarnation.</summary>
    public void Cut() => _cut = true;

    /// <inheritdoc/>
    public ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_cut || !_shard.TryRun(pass, ref _life))
        {
            Reconnect(pass);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask OpenAsync(string label, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_shard.Open(label, ref _life) || _cut)
        {
            Reconnect([]);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    private void Reconnect(IReadOnlyList<ShardOperation> pass)
    {
        // The incarnation rises before the caller can see an Unknown: who sees one sees the other (V5).
        Interlocked.Increment(ref _incarnation);
        _cut = false;
        for (var i = 0; i < pass.Count; i++)
        {
            pass[i].Status = ShardStatus.Unknown;
        }
    }
}
