using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.WriteBehind;

/// <summary>How far a log's manifest is, as last read or written.</summary>
/// <param name="LastBatch">the last batch listed; 0 if none</param>
/// <param name="NextEntry">the number of the next entry</param>
/// <param name="LastView">the highest view marker listed</param>
/// <param name="IsEnded">sealed, or cut because queues were lost: nothing is ever added</param>
internal sealed record LogPosition(long LastBatch, long NextEntry, long LastView, bool IsEnded)
{
    /// <summary>Reads registration and manifest.</summary>
    /// <exception cref="Core.CorruptDataException">one of them is damaged, or of an unknown format</exception>
    public static async ValueTask<LogPosition> ReadAsync(IObjectStore store, string log, CancellationToken cancellationToken)
    {
        await new ClusterRegistry(store).RequireKnownFormatAsync(log, cancellationToken);
        var (covered, entries) = await new LogManifest(store).ReadWithCoverageAsync(log, cancellationToken);
        var isCut = (await new RunChain(store).HeadAsync(cancellationToken)).CutOf(log) is not null;
        return entries is [.., var last]
            ? new LogPosition(last.LastBatch, last.Number + 1, last.LastView, isCut || last.Kind == ManifestKind.Seal)
            : new LogPosition(covered?.Batch ?? 0, (covered?.Entry ?? 0) + 1, covered?.LastView ?? 0, isCut || covered?.Watermark is not null);
    }

    /// <summary>The position behind an entry of ours.</summary>
    public LogPosition Behind(ManifestEntry entry) =>
        new(entry.LastBatch, entry.Number + 1, entry.LastView, entry.Kind == ManifestKind.Seal);
}
