using Mjolnir.Core;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Manifests;

/// <summary>The manifests of the logs. What the runs hold already is not read again: the entries it stood in may have been collected.</summary>
public sealed class LogManifest(IObjectStore store)
{
    private readonly RunChain _chain = new(store);

    /// <summary>
    /// The entries of a log behind what the newest chain entry covers, verified: consecutive numbers, batches without gap, nothing behind a seal.
    /// </summary>
    /// <exception cref="CorruptDataException">an entry is damaged, missing or does not follow</exception>
    public async ValueTask<IReadOnlyList<ManifestEntry>> ReadAsync(string log, CancellationToken cancellationToken) =>
        (await ReadWithCoverageAsync(log, cancellationToken)).Entries;

    /// <summary>The log's sealed watermark, as lowered by a cut; null while the log is not sealed.</summary>
    public async ValueTask<long?> SealedWatermarkAsync(string log, CancellationToken cancellationToken)
    {
        var (covered, entries) = await ReadWithCoverageAsync(log, cancellationToken);
        var watermark = entries is [.., { Kind: ManifestKind.Seal } seal] ? seal.LastBatch : covered?.Watermark;

        // The chain is read last: a cut made meanwhile must count (W7).
        return Lowered(log, watermark, await _chain.HeadAsync(cancellationToken));
    }

    /// <summary>The entries of a log behind what the runs cover, with that coverage (null: nothing is covered yet).</summary>
    public async ValueTask<(LogCoverage? Covered, IReadOnlyList<ManifestEntry> Entries)> ReadWithCoverageAsync(string log, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var covered = (await _chain.HeadAsync(cancellationToken)).CoverageOf(log);
            try
            {
                return (covered, await ReadBehindAsync(log, covered, cancellationToken));
            }
            catch (CollectedObjectException gone) when (tries < StorageLimits.SnapshotTries)
            {
                var now = (await _chain.HeadAsync(cancellationToken)).CoverageOf(log);
                if (now?.Entry == covered?.Entry)
                {
                    throw new CorruptDataException("An entry of a manifest is missing, and no run covers it", gone.Name);
                }
            }
        }
    }

    internal static long? Lowered(string log, long? watermark, RunChainEntry head)
    {
        var cut = head.CutOf(log);
        return (watermark, cut) switch
        {
            (null, _) => cut,
            (_, null) => watermark,
            _ => Math.Min(watermark.Value, cut.Value),
        };
    }

    internal async ValueTask<IReadOnlyList<ManifestEntry>> ReadBehindAsync(string log, LogCoverage? covered, CancellationToken cancellationToken)
    {
        if (covered?.Watermark is not null)
        {
            return [];
        }

        var first = (covered?.Entry ?? 0) + 1;
        var last = await LastNumberAsync(log, first, cancellationToken);
        var entries = await ReadAllAsync(log, first, last, cancellationToken);
        RequireFollowing(log, first, (covered?.Batch ?? 0) + 1, entries);
        return entries;
    }

    private async ValueTask<long> LastNumberAsync(string log, long first, CancellationToken cancellationToken)
    {
        var last = first - 1;
        await foreach (var name in store.ListAsync(ObjectNames.Manifest(log), ObjectNames.ManifestEntry(log, first - 1), cancellationToken))
        {
            last = ObjectNames.EntryNumberOf(name) ?? last;
        }

        return last;
    }

    private ValueTask<ManifestEntry[]> ReadAllAsync(string log, long first, long last, CancellationToken cancellationToken)
    {
        // By number, not by what was listed: a list taken while entries are made may lack one that is there.
        var numbers = Enumerable.Range(0, (int)(last - first + 1)).Select(i => first + i).ToArray();
        return ParallelReads.AllAsync(store.ReadsAtOnce, numbers, (number, stop) => ReadEntryAsync(log, number, stop), cancellationToken);
    }

    private async ValueTask<ManifestEntry> ReadEntryAsync(string log, long number, CancellationToken cancellationToken)
    {
        var name = ObjectNames.ManifestEntry(log, number);
        var entry = await ManifestEntries.ReadAsync(store, name, cancellationToken) ?? throw new CollectedObjectException(name);
        return entry.Log == log && entry.Number == number
            ? entry
            : throw new CorruptDataException($"The entry says that it is number {entry.Number} of {entry.Log}", name);
    }

    private static void RequireFollowing(string log, long number, long batch, ManifestEntry[] entries)
    {
        var isSealed = false;
        foreach (var entry in entries)
        {
            var name = ObjectNames.ManifestEntry(log, number++);
            if (isSealed)
            {
                throw new CorruptDataException("An entry follows the seal of its log", name);
            }

            isSealed = entry.Kind == ManifestKind.Seal;
            if (isSealed ? entry.LastBatch != batch - 1 : entry.FirstBatch != batch || entry.LastBatch < batch)
            {
                throw new CorruptDataException($"An entry covers batches {entry.FirstBatch} to {entry.LastBatch}, but {batch} follows", name);
            }

            batch = entry.LastBatch + 1;
        }
    }
}
