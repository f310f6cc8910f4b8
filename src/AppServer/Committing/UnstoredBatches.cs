namespace Mjolnir.AppServer.Committing;

/// <summary>
/// Counts what of the own log is published and not yet in the store. Batches are counted in chunks, so that an hour without a store costs a few thousand entries and not one
/// per batch.
/// </summary>
internal sealed class UnstoredBatches(CommitterLimits limits)
{
    /// <summary>Bytes of a chunk: what the count may be too high by.</summary>
    public const long ChunkBytes = 1 << 20;

    private readonly Queue<Chunk> _chunks = new();
    private Chunk? _filling;
    private long _last;
    private long _stored;

    public long Batches => _last - _stored;

    public long Bytes { get; private set; }

    /// <summary>Calls that write are refused.</summary>
    public bool IsOver => Share >= 1;

    /// <summary>How long the next batch is to be delayed: nothing below the soft limit, the longest at the hard one.</summary>
    public TimeSpan Delay => Share < 0 ? TimeSpan.Zero : limits.ShortestDelay + ((limits.LongestDelay - limits.ShortestDelay) * Math.Min(1, Share));

    /// <summary>How far between soft and hard limit: below 0 under the soft one.</summary>
    private double Share => Math.Max(
        (double)(Bytes - limits.BacklogSoftBytes) / (limits.BacklogHardBytes - limits.BacklogSoftBytes),
        (double)(Batches - limits.BacklogSoftBatches) / (limits.BacklogHardBatches - limits.BacklogSoftBatches));

    public void Published(long batch, int bytes)
    {
        _last = batch;
        Bytes += bytes;
        if (_filling is null || _filling.Bytes >= ChunkBytes)
        {
            _chunks.Enqueue(_filling = new Chunk());
        }

        _filling.Last = batch;
        _filling.Bytes += bytes;
    }

    public void Stored(long batch)
    {
        _stored = Math.Min(_last, Math.Max(_stored, batch));
        while (_chunks.TryPeek(out var oldest) && oldest.Last <= _stored)
        {
            Bytes -= _chunks.Dequeue().Bytes;
            if (oldest == _filling)
            {
                _filling = null;
            }
        }
    }

    /// <summary>Another log begins; what was in the one before is stored, or was sealed out of it.</summary>
    public void Clear()
    {
        _chunks.Clear();
        (_filling, _last, _stored, Bytes) = (null, 0, 0, 0);
    }

    private sealed class Chunk
    {
        public long Last { get; set; }

        public long Bytes { get; set; }
    }
}
