using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>What leaves the shard again: outcomes of ids after their time, and marks of rows that do not exist. Neither leaves a tombstone (V15).</summary>
internal sealed partial class Committer
{
    private const int ExpiryPass = 1000;

    private readonly PriorityQueue<Expiring, long> _expiring = new();
    private bool _expiryRunning;

    /// <summary>Has a row looked at after a time. On the lane.</summary>
    public void ExpireLater(RowKey key, TimeSpan after, Stamp stamp)
    {
        var due = _time.GetTimestamp() + (long)(after.TotalSeconds * _time.TimestampFrequency);
        _expiring.Enqueue(new Expiring(key, stamp), due);
    }

    /// <summary>Removes what is due. Called every now and then, on the lane.</summary>
    public void Expire()
    {
        if (_expiryRunning || !IsLive)
        {
            return;
        }

        var now = _time.GetTimestamp();
        var due = new List<Expiring>();
        while (due.Count < ExpiryPass && _expiring.TryPeek(out _, out var when) && when <= now)
        {
            due.Add(_expiring.Dequeue());
        }

        if (due.Count > 0)
        {
            _expiryRunning = true;
            Watch(RemoveAsync(due));
        }
    }

    private async Task RemoveAsync(List<Expiring> due)
    {
        var cells = new List<Cell>(due.Count);
        foreach (var expiring in due)
        {
            var cell = _cells.Find(expiring.Key) ?? _cells.NewCell(expiring.Key);
            if (cell.InUse || !cell.Home.IsOpen || !IsStored(expiring.Stamp))
            {
                ExpireLater(expiring.Key, _limits.ExpiryRetry, expiring.Stamp);
            }
            else
            {
                cell.Base = null;
                cells.Add(cell);
            }
        }

        var gets = await PassAsync(cells, ShardVerb.Get, null);
        for (var i = cells.Count - 1; i >= 0; i--)
        {
            if (gets[i].Status != ShardStatus.Hit || !MayGo(cells[i].Key, gets[i]))
            {
                cells.RemoveAt(i);
                gets.RemoveAt(i);
            }
        }

        await PassAsync(cells, ShardVerb.CompareAndDelete, gets);
        _expiryRunning = false;
    }

    /// <summary>The batch that wrote it must be in the store: until then its worker may need it again after a recovery.</summary>
    private bool IsStored(Stamp stamp) =>
        stamp == Stamp.None || _marks.SealedAt(stamp.Log) is not null || _options.Epochs.StoredBatch(stamp.Log) >= stamp.Batch;

    private bool MayGo(RowKey key, ShardOperation found)
    {
        var current = EnvelopeCodec.Decode(found.Value).Current;
        return _marks.FateOf(current.Stamp) == StampFate.Durable && (current.State == RowState.Absent || Outcomes.IsOutcome(key));
    }

    private async Task<List<ShardOperation>> PassAsync(List<Cell> cells, ShardVerb verb, List<ShardOperation>? tokens)
    {
        var pass = new List<(ShardLink, ShardOperation)>(cells.Count);
        for (var i = 0; i < cells.Count; i++)
        {
            pass.Add((cells[i].Home.Link, new ShardOperation { Verb = verb, CacheKey = cells[i].CacheKey, Token = tokens?[i].Token ?? 0 }));
        }

        await _shards.RunAsync(pass, _stop.Token);
        return pass.ConvertAll(static entry => entry.Item2);
    }

    private readonly record struct Expiring(RowKey Key, Stamp Stamp);
}
