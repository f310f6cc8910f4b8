using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Cli.Embedded;

/// <summary>
/// Fills the shards of a freshly opened view with everything that the store has, while they serve already. It only ever adds: what a server loaded or wrote
/// meanwhile is newer. When it is done, a miss on a shard is an absent row.
/// </summary>
/// <param name="view">the view</param>
/// <param name="shards">a connection of its own to each shard, in the view's order</param>
/// <param name="time">for the wait on leases</param>
internal sealed class Warmer(ClusterView view, IReadOnlyList<IShardConnection> shards, TimeProvider time)
{
    private readonly List<ShardOperation>[] _passes = [.. shards.Select(_ => new List<ShardOperation>())];
    private readonly List<(int Shard, ShardOperation Add)> _leased = [];
    private readonly bool[] _full = new bool[shards.Count];

    /// <summary>Rows added so far, and rows that were there already.</summary>
    public long Done { get; private set; }

    /// <summary>Streams all rows once; returns which shards hold everything now (a shard that ran full does not, and goes on asking the store).</summary>
    /// <param name="rows">a snapshot taken after the view was opened</param>
    /// <param name="seen">called for each row added</param>
    /// <param name="cancellationToken">ends the warming; what is not added is loaded on demand</param>
    public async Task<IReadOnlyList<string>> RunAsync(StoredRows rows, Action<SegmentRow> seen, CancellationToken cancellationToken)
    {
        var ranges = RangeOfSlot();
        await foreach (var row in rows.StreamAsync(null, cancellationToken))
        {
            var range = ranges[Slots.Of(row.Key)];
            seen(row);
            _passes[range.Shard].Add(AddOf(range, row));
            if (_passes[range.Shard].Count == EmbeddedLimits.WarmingPass)
            {
                await FlushAsync(range.Shard, cancellationToken);
            }
        }

        for (var shard = 0; shard < shards.Count; shard++)
        {
            await FlushAsync(shard, cancellationToken);
        }

        await AddLeasedAsync(cancellationToken);
        return [.. view.Shards.Where((_, i) => !_full[i]).Select(shard => shard.Label)];
    }

    private SlotRange[] RangeOfSlot()
    {
        var ranges = new SlotRange[Slots.Count];
        foreach (var range in view.Slots)
        {
            Array.Fill(ranges, range, range.First, range.Last - range.First + 1);
        }

        return ranges;
    }

    private static ShardOperation AddOf(SlotRange range, SegmentRow row) => new()
    {
        Verb = ShardVerb.Add,
        CacheKey = $"{range.Since}:{row.Key.Text}",
        Value = EnvelopeCodec.Encode(Envelope.Of(row.Version)),
    };

    private async ValueTask FlushAsync(int shard, CancellationToken cancellationToken)
    {
        var pass = _passes[shard];
        if (pass.Count == 0 || _full[shard])
        {
            pass.Clear();
            return;
        }

        await shards[shard].RunAsync(pass, cancellationToken);
        await SortOutAsync(shard, pass, cancellationToken);
        pass.Clear();
    }

    /// <summary>An item that is there already is a row, or only somebody's lease: a loader that died with it would leave a hole that looks like an absent row.</summary>
    private async ValueTask SortOutAsync(int shard, IReadOnlyList<ShardOperation> adds, CancellationToken cancellationToken)
    {
        List<ShardOperation>? taken = null;
        foreach (var add in adds)
        {
            switch (add.Status)
            {
                case ShardStatus.Stored:
                    Done++;
                    break;
                case ShardStatus.Exists:
                    (taken ??= []).Add(add);
                    break;
                default:
                    _full[shard] = true;
                    break;
            }
        }

        if (taken is null)
        {
            return;
        }

        var gets = taken.ConvertAll(add => new ShardOperation { Verb = ShardVerb.Get, CacheKey = add.CacheKey });
        await shards[shard].RunAsync(gets, cancellationToken);
        for (var i = 0; i < gets.Count; i++)
        {
            if (gets[i].Status == ShardStatus.Hit)
            {
                Done++;
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
            Invariant.Require(time.GetElapsedTime(began) < EmbeddedLimits.LeasesEnd, $"{_leased.Count} rows are still leased, longer than any lease lasts.");
            var again = _leased.ToLookup(entry => entry.Shard, entry => entry.Add);
            _leased.Clear();
            foreach (var adds in again)
            {
                List<ShardOperation> pass = [.. adds];
                await shards[adds.Key].RunAsync(pass, cancellationToken);
                await SortOutAsync(adds.Key, pass, cancellationToken);
            }

            if (_leased.Count > 0)
            {
                // The shard cannot tell when somebody else's load ends.
                await Task.Delay(EmbeddedLimits.LeasePause, time, cancellationToken);
            }
        }
    }
}
