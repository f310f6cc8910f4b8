using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Warming;

/// <summary>
/// Fills the shards of a freshly opened view with everything that the store has, while they serve already. It only ever adds: what a server loaded or wrote
/// meanwhile is newer. When it is done, a miss on a shard is an absent row. In the same walk it deletes what shards still hold of slots that they lost.
/// </summary>
/// <param name="view">the view</param>
/// <param name="shards">a connection of its own to each shard, in the view's order</param>
/// <param name="time">for the wait on leases</param>
public sealed class Warmer(ClusterView view, IReadOnlyList<IShardConnection> shards, TimeProvider time)
{
    private readonly List<ShardOperation>[] _adds = [.. shards.Select(_ => new List<ShardOperation>())];
    private readonly List<ShardOperation>[] _finds = [.. shards.Select(_ => new List<ShardOperation>())];
    private readonly List<(int Shard, ShardOperation Add)> _leased = [];
    private readonly bool[] _incomplete = new bool[shards.Count];
    private readonly bool[] _lacking = new bool[shards.Count];
    private readonly HashSet<string> _refusing = new(StringComparer.Ordinal);
    private long _done;

    /// <summary>The ranges to fill; the usual: all of the view.</summary>
    public IReadOnlyList<SlotRange> Ranges { get; init; } = view.Slots;

    /// <summary>What shards of the view were given before and lost: nobody uses these items any more (V6), so they only take room.</summary>
    public IReadOnlyList<SlotRange> Leftovers { get; init; } = [];

    /// <summary>
    /// Told of each damaged piece of the store. The shards get what is whole and are not warm: for the rows in the piece they go on asking the store, which refuses them. Null: damage is thrown.
    /// </summary>
    public Action<DamagedRows>? Damaged { get; init; }

    /// <summary>Rows added so far, and rows that were there already.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Items of lost slots deleted so far.</summary>
    public long Deleted { get; private set; }

    /// <summary>Labels of shards that refused a row for memory: an item that was there may be gone, so what they hold cannot be trusted (V9m).</summary>
    public IReadOnlyCollection<string> Refusing => _refusing;

    /// <summary>
    /// Streams all rows once; returns the labels of the shards whose ranges hold everything now. A shard that ran full, could not be reached, or lacks rows because they are damaged does not, and goes on asking the store.
    /// </summary>
    /// <param name="rows">a snapshot taken after the view was opened</param>
    /// <param name="seen">called for each row of the ranges</param>
    /// <param name="cancellationToken">ends the warming; what is not added is loaded on demand</param>
    public async Task<IReadOnlyList<string>> RunAsync(StoredRows rows, Action<SegmentRow>? seen, CancellationToken cancellationToken)
    {
        var ranges = BySlot(Ranges);
        var leftovers = Leftovers.GroupBy(range => (range.Shard, range.Since)).Select(lost => BySlot([.. lost])).ToArray();
        await foreach (var row in rows.StreamAsync(null, Damaged is null ? null : Withhold, cancellationToken))
        {
            var slot = Slots.Of(row.Key);
            if (ranges[slot] is { } range)
            {
                seen?.Invoke(row);
                await AddAsync(range, row, cancellationToken);
            }

            foreach (var lost in leftovers)
            {
                await DeleteAsync(lost[slot], row.Key, cancellationToken);
            }
        }

        for (var shard = 0; shard < shards.Count; shard++)
        {
            await FlushAddsAsync(shard, cancellationToken);
            await FlushDeletesAsync(shard, cancellationToken);
        }

        await AddLeasedAsync(cancellationToken);
        return [.. Ranges.Select(range => range.Shard).Distinct().Where(shard => !_incomplete[shard] && !_lacking[shard]).Select(shard => view.Shards[shard].Label)];
    }

    private void Withhold(DamagedRows damaged)
    {
        foreach (var range in Ranges.Where(range => damaged.Touches(range.First, range.Last)))
        {
            _lacking[range.Shard] = true;
        }

        Damaged!(damaged);
    }

    private static SlotRange?[] BySlot(IReadOnlyList<SlotRange> ranges)
    {
        var bySlot = new SlotRange?[Slots.Count];
        foreach (var range in ranges)
        {
            Array.Fill(bySlot, range, range.First, range.Last - range.First + 1);
        }

        return bySlot;
    }

    private ValueTask AddAsync(SlotRange range, SegmentRow row, CancellationToken cancellationToken)
    {
        var adds = _adds[range.Shard];
        adds.Add(new ShardOperation
        {
            Verb = ShardVerb.Add,
            CacheKey = $"{range.Since}:{row.Key.Text}",
            Value = EnvelopeCodec.Encode(Envelope.Of(row.Version)),
            Grows = true,
            Life = SegmentRow.IsTransactionId(row.Key) ? WarmingLimits.OutcomeLife : TimeSpan.Zero,
        });
        return adds.Count < WarmingLimits.Pass ? ValueTask.CompletedTask : FlushAddsAsync(range.Shard, cancellationToken);
    }

    private ValueTask DeleteAsync(SlotRange? lost, RowKey key, CancellationToken cancellationToken)
    {
        if (lost is null)
        {
            return ValueTask.CompletedTask;
        }

        var finds = _finds[lost.Shard];
        finds.Add(new ShardOperation { Verb = ShardVerb.Get, CacheKey = $"{lost.Since}:{key.Text}" });
        return finds.Count < WarmingLimits.Pass ? ValueTask.CompletedTask : FlushDeletesAsync(lost.Shard, cancellationToken);
    }

    private async ValueTask FlushAddsAsync(int shard, CancellationToken cancellationToken)
    {
        var adds = _adds[shard];
        if (adds.Count > 0 && !_incomplete[shard])
        {
            await RunAsync(shard, adds, cancellationToken);
            await SortOutAsync(shard, adds, cancellationToken);
        }

        adds.Clear();
    }

    /// <summary>Deleting is only for room: what a lost connection leaves undone, the next warming does.</summary>
    private async ValueTask FlushDeletesAsync(int shard, CancellationToken cancellationToken)
    {
        var finds = _finds[shard];
        if (finds.Count > 0)
        {
            await shards[shard].RunAsync(finds, cancellationToken);
            var deletes = finds.Where(find => find.Status == ShardStatus.Hit)
                .Select(find => new ShardOperation { Verb = ShardVerb.CompareAndDelete, CacheKey = find.CacheKey, Token = find.Token }).ToList();
            if (deletes.Count > 0)
            {
                await shards[shard].RunAsync(deletes, cancellationToken);
                Deleted += deletes.Count(delete => delete.Status == ShardStatus.Deleted);
            }
        }

        finds.Clear();
    }

    /// <summary>Runs a pass; what has no answer because the connection ended is asked again, which an add allows.</summary>
    private async ValueTask RunAsync(int shard, List<ShardOperation> pass, CancellationToken cancellationToken)
    {
        await shards[shard].RunAsync(pass, cancellationToken);
        for (var tries = 1; tries < WarmingLimits.PassTries && pass.FindAll(IsUnknown) is { Count: > 0 } unknown; tries++)
        {
            await Task.Delay(WarmingLimits.PassPause, time, cancellationToken);
            await shards[shard].RunAsync(unknown, cancellationToken);
        }
    }

    private static bool IsUnknown(ShardOperation operation) => operation.Status == ShardStatus.Unknown;

    /// <summary>An item that is there already is a row, or only somebody's lease: a loader that died with it would leave a hole that looks like an absent row.</summary>
    private async ValueTask SortOutAsync(int shard, IReadOnlyList<ShardOperation> adds, CancellationToken cancellationToken)
    {
        List<ShardOperation> taken = [.. adds.Where(add => add.Status == ShardStatus.Exists)];
        Interlocked.Add(ref _done, adds.Count(add => add.Status == ShardStatus.Stored));
        _incomplete[shard] |= adds.Any(add => add.Status is not (ShardStatus.Stored or ShardStatus.Exists));
        if (adds.Any(add => add.Status == ShardStatus.Full))
        {
            _refusing.Add(view.Shards[shard].Label);
        }

        if (taken.Count == 0)
        {
            return;
        }

        var gets = taken.ConvertAll(add => new ShardOperation { Verb = ShardVerb.Get, CacheKey = add.CacheKey });
        await RunAsync(shard, gets, cancellationToken);
        for (var i = 0; i < gets.Count; i++)
        {
            if (gets[i].Status == ShardStatus.Hit)
            {
                Interlocked.Increment(ref _done);
            }
            else
            {
                _leased.Add((shard, taken[i]));
            }
        }
    }

    /// <summary>A lease ends by its loader's set or by its time; both are short.</summary>
    private async Task AddLeasedAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (_leased.Count > 0)
        {
            if (time.GetElapsedTime(began) >= WarmingLimits.LeasesEnd)
            {
                // Loaders come and die one after another (the store is away, say): those shards go on asking the store.
                _leased.ForEach(entry => _incomplete[entry.Shard] = true);
                return;
            }

            var again = _leased.Where(entry => !_incomplete[entry.Shard]).ToLookup(entry => entry.Shard, entry => entry.Add);
            _leased.Clear();
            foreach (var adds in again)
            {
                List<ShardOperation> pass = [.. adds];
                await RunAsync(adds.Key, pass, cancellationToken);
                await SortOutAsync(adds.Key, pass, cancellationToken);
            }

            if (_leased.Count > 0)
            {
                // The shard cannot tell when somebody else's load ends.
                await Task.Delay(WarmingLimits.LeasePause, time, cancellationToken);
            }
        }
    }
}
