using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.Storage.Rows;

/// <summary>What the store says of one log.</summary>
/// <param name="Log">the log</param>
/// <param name="Covered">how far the runs hold it; null: not at all</param>
/// <param name="Entries">the segments behind that</param>
/// <param name="Watermark">above it everything is void; null: not sealed and not cut</param>
public sealed record StoredLog(string Log, LogCoverage? Covered, IReadOnlyList<ManifestEntry> Entries, long? Watermark)
{
    /// <summary>The last batch in the store; 0 if none.</summary>
    public long LastBatch => Entries.Count > 0 ? Entries[^1].LastBatch : Covered?.Batch ?? 0;

    /// <summary>The number of the next entry of the log's manifest.</summary>
    public long NextEntry => (Entries.Count > 0 ? Entries[^1].Number : Covered?.Entry ?? 0) + 1;

    /// <summary>True once the log's own manifest ends with a seal.</summary>
    public bool IsSealed => Covered?.Watermark is not null || Entries is [.., { Kind: ManifestKind.Seal }];

    /// <summary>What counts for a stable cut: entries above a cut are not there.</summary>
    public StoredPrefix Prefix => new(Log, Covered?.Batch ?? 0, [.. Entries.Where(entry => Watermark is not { } last || entry.LastBatch <= last)]);
}

/// <summary>One consistent look at all manifests: every log's first, then the chain of runs (W7). What a row's stamp is held against.</summary>
public sealed class StoreSnapshot
{
    private readonly Dictionary<string, StoredLog> _logs;

    private StoreSnapshot(RunChainEntry head, List<StoredLog> logs)
    {
        Head = head;
        Logs = logs;
        _logs = logs.ToDictionary(log => log.Log);
    }

    /// <summary>The newest entry of the run chain, read after all logs.</summary>
    public RunChainEntry Head { get; }

    /// <summary>All registered logs, in ordinal order.</summary>
    public IReadOnlyList<StoredLog> Logs { get; }

    /// <summary>Reads the manifests.</summary>
    public static async ValueTask<StoreSnapshot> ReadAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TryReadAsync(store, cancellationToken);
            }
            catch (CollectedObjectException gone)
            {
                if (tries == StorageLimits.SnapshotTries)
                {
                    throw new CorruptDataException("A manifest's entry is missing, and no run covers it", gone.Name);
                }
            }
        }
    }

    /// <summary>What the store says of a log; null if it was not registered when the snapshot was taken.</summary>
    public StoredLog? Find(string log) => _logs.GetValueOrDefault(log);

    /// <summary>False if the version's log was sealed or cut below it: it never happened.</summary>
    public bool IsValid(Stamp stamp) =>
        !_logs.TryGetValue(stamp.Log, out var log) || log.Watermark is not { } last || stamp.Batch <= last;

    /// <summary>False if the line is void, or a transaction id too old to be known: it is left out before the newest version is chosen.</summary>
    public bool Counts(SegmentRow row) => IsValid(row.Version.Stamp) && !TransactionIds.IsForgotten(row, Head.UnixMilliseconds);

    /// <summary>False if batches that an earlier snapshot listed are listed no more, nor held by runs, nor void: something was lost.</summary>
    public bool HoldsAllOf(StoreSnapshot earlier) =>
        earlier.Logs.All(before => _logs.TryGetValue(before.Log, out var now) && (now.LastBatch >= before.LastBatch || now.Watermark < before.LastBatch));

    /// <summary>Bytes of all objects that hold the rows.</summary>
    public long Bytes => Objects().Sum(each => each.Bytes);

    /// <summary>The objects that hold the rows: the runs, and the segments that no run covers.</summary>
    internal IEnumerable<StoredObject> Objects()
    {
        foreach (var run in Head.Runs)
        {
            yield return StoredObject.Of(run);
        }

        foreach (var entry in Logs.SelectMany(log => log.Entries))
        {
            if (entry.HasRows)
            {
                yield return StoredObject.Of(entry);
            }
        }
    }

    private static async ValueTask<StoreSnapshot> TryReadAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        var chain = new RunChain(store);
        var manifests = new LogManifest(store);

        // 1. An older head tells where the manifests may begin: what it covers, every later head covers too.
        var before = await chain.HeadAsync(cancellationToken);

        // 2. The logs, many at a time: each costs a list and a read per entry.
        var logs = await new ClusterRegistry(store).ListLogsAsync(cancellationToken);
        var read = await ParallelReads.AllAsync(
            store.ReadsAtOnce, logs, async (log, stop) => (Log: log, Entries: await manifests.ReadBehindAsync(log, before.CoverageOf(log), stop)), cancellationToken);

        // 3. Only then the chain: a segment merged meanwhile is in the log's list, in the run, or in both, but never in neither (W7).
        var head = await chain.HeadAsync(cancellationToken);
        return new StoreSnapshot(head, [.. read.Select(log => Joined(log.Log, log.Entries, head))]);
    }

    private static StoredLog Joined(string log, IReadOnlyList<ManifestEntry> entries, RunChainEntry head)
    {
        var covered = head.CoverageOf(log);
        var watermark = entries is [.., { Kind: ManifestKind.Seal } seal] ? seal.LastBatch : covered?.Watermark;
        var behind = covered is null ? entries : [.. entries.Where(entry => entry.Number > covered.Entry)];
        return new StoredLog(log, covered, behind, LogManifest.Lowered(log, watermark, head));
    }
}
