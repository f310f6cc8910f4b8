using System.Collections.Concurrent;
using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>A row to be looked at.</summary>
/// <param name="Print">a version of it that the snapshot counts</param>
/// <param name="IsToBeFound">it was not read from the store just now: the store must still have it</param>
internal readonly record struct Evidence(RowPrint Print, bool IsToBeFound);

/// <summary>What one look found about one row, or about an object.</summary>
/// <param name="Evidence">the row</param>
/// <param name="Finding">what</param>
internal readonly record struct Looked(Evidence Evidence, Finding Finding);

/// <summary>
/// One look at some rows under one view: the manifests were read before, then the store's lines of rows that must be there, then the shards, then the store's lines of newer versions that the shards hold.
/// </summary>
internal sealed class AuditLook(ClusterView view, SampledRows rows, ShardReads shards, IAuditedCluster cluster, AuditLimits limits)
{
    private readonly RowComparison _comparison = new(rows.Snapshot, cluster);

    public async Task<IReadOnlyList<Looked>> LookAsync(IReadOnlyList<Evidence> evidence, CancellationToken cancellationToken)
    {
        // What a cut has made void since, or what is not stored yet, proves nothing.
        var counting = evidence.Where(each => Counts(each.Print)).ToList();
        var looked = await FindAsync(counting.Where(each => each.IsToBeFound).Select(each => (each, each.Print)).ToList(), cancellationToken);
        var absent = looked.Where(each => each.Finding.Kind == FindingKind.Suspicious).Select(each => each.Evidence.Print.Key).ToHashSet();
        var held = await HeldAsync([.. counting.Where(each => !absent.Contains(each.Print.Key))], cancellationToken);
        var newer = held.Where(each => each.Finding.Kind == FindingKind.NeedsStore).ToList();
        var asked = await FindAsync([.. newer.Take(limits.NewerRows).Select(each => (each.Evidence, each.Finding.Cached))], cancellationToken);
        return
        [
            .. looked.Where(each => absent.Contains(each.Evidence.Print.Key)),
            .. held.Where(each => each.Finding.Kind != FindingKind.NeedsStore),
            .. asked,
            .. newer.Skip(limits.NewerRows).Select(each => each with { Finding = Finding.Unclear }),
        ];
    }

    private bool Counts(in RowPrint print) =>
        rows.Snapshot.Find(print.Stamp.Log) is { } log && print.Stamp.Batch <= log.LastBatch && rows.Snapshot.IsValid(print.Stamp);

    private async Task<IReadOnlyList<Looked>> FindAsync(IReadOnlyList<(Evidence Evidence, RowPrint Listed)> wanted, CancellationToken cancellationToken)
    {
        var found = new ConcurrentBag<Looked>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = limits.ParallelReads, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(wanted, options, async (each, stop) => found.Add(new Looked(each.Evidence, await FindAsync(each.Listed, stop))));
        return [.. found];
    }

    private async ValueTask<Finding> FindAsync(RowPrint listed, CancellationToken cancellationToken)
    {
        try
        {
            return RowComparison.CompareStored(listed, await rows.FindAsync(listed.Key, listed.Stamp, cancellationToken));
        }
        catch (CollectedObjectException)
        {
            return Finding.Unclear;
        }
        catch (CorruptDataException fault)
        {
            return Finding.Suspicious(fault.Kind, fault.Message);
        }
    }

    private async Task<IReadOnlyList<Looked>> HeldAsync(IReadOnlyList<Evidence> evidence, CancellationToken cancellationToken)
    {
        var looked = new List<Looked>(evidence.Count);
        foreach (var group in evidence.GroupBy(each => RangeOf(each.Print.Key).Shard))
        {
            var shard = view.Shards[group.Key];
            var asked = group.ToList();
            var gets = await shards.ReadAsync(shard, [.. asked.Select(each => $"{RangeOf(each.Print.Key).Since}:{each.Print.Key.Text}")], cancellationToken);
            looked.AddRange(asked.Select((each, i) => new Looked(each, gets is null ? Finding.Unclear : Compare(each, gets[i], shard))));
        }

        return looked;
    }

    private Finding Compare(in Evidence evidence, ShardOperation get, ShardDescription shard) =>
        _comparison.Compare(evidence.Print, get, shard.Name, cluster.IsWarm(shard.Label, RangeOf(evidence.Print.Key).Since));

    private SlotRange RangeOf(RowKey key)
    {
        var slot = Slots.Of(key);
        return view.Slots.First(range => range.First <= slot && slot <= range.Last);
    }
}
