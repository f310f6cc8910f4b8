using Mjolnir.Core.Manifests;
using Mjolnir.Core.Protocol;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind.Compaction;

/// <summary>What one merge takes and where its rows go. Computed from one snapshot; pure.</summary>
/// <param name="Segments">segments that become part of a run</param>
/// <param name="Runs">runs that are replaced</param>
/// <param name="Level">level of the new runs</param>
/// <param name="Covered">per log how far the runs hold it afterwards</param>
internal sealed record CompactionPlan(
    IReadOnlyList<ManifestEntry> Segments,
    IReadOnlyList<Run> Runs,
    int Level,
    IReadOnlyList<LogCoverage> Covered)
{
    public long Bytes => Segments.Sum(segment => segment.Bytes) + Runs.Sum(run => run.Bytes);

    /// <summary>What is to be merged now, or null: segments when a log has many, else runs of a level when it has many.</summary>
    public static CompactionPlan? For(StoreSnapshot snapshot, WriteBehindLimits limits) =>
        SegmentsToMerge(snapshot, limits) ?? RunsToMerge(snapshot, limits);

    /// <summary>The objects merged, with their sizes; runs only if they share a slot with the range.</summary>
    public IEnumerable<(string Name, long Bytes)> Inputs(int firstSlot, int lastSlot) =>
        Segments.Where(segment => segment.HasRows).Select(segment => (ObjectNames.ManifestEntry(segment.Log, segment.Number), segment.Bytes))
            .Concat(Runs.Where(run => run.FirstSlot <= lastSlot && run.LastSlot >= firstSlot).Select(run => (run.Object, run.Bytes)));

    private static CompactionPlan? SegmentsToMerge(StoreSnapshot snapshot, WriteBehindLimits limits)
    {
        // Only what is below the stable cut: a later cut must never have to reach into a run (W5).
        var cut = limits.Suspended == SuspendedStoreRule.W5 ? snapshot.Logs.ToDictionary(log => log.Log, log => log.Watermark ?? log.LastBatch) : StableCut.Compute([.. snapshot.Logs.Select(log => log.Prefix)]);
        var below = snapshot.Logs.Select(log => (Log: log, Entries: Below(log, cut[log.Log]))).ToArray();
        if (below.Sum(log => log.Entries.Length) < limits.EntriesOfAll && below.All(log => log.Entries.Length < limits.EntriesPerLog))
        {
            return null;
        }

        return new CompactionPlan(
            [.. below.SelectMany(log => log.Entries)],
            [],
            1,
            [.. below.Select(log => CoveredAfter(log.Log, log.Entries, cut[log.Log.Log])).OfType<LogCoverage>()]);
    }

    private static ManifestEntry[] Below(StoredLog log, long cut) => [.. log.Entries.Where(entry => entry.LastBatch <= cut)];

    private static LogCoverage? CoveredAfter(StoredLog log, ManifestEntry[] below, long cut)
    {
        var covered = below is [.., var last]
            ? new LogCoverage(log.Log, last.LastBatch, last.Number, last.LastView, null)
            : log.Covered ?? new LogCoverage(log.Log, 0, 0, 0, null);

        // A sealed log that the cut holds completely is done: its manifest is never read again.
        return log.Watermark is { } watermark && cut >= watermark ? covered with { Watermark = watermark }
            : covered.Entry > 0 ? covered
            : null;
    }

    private static CompactionPlan? RunsToMerge(StoreSnapshot snapshot, WriteBehindLimits limits)
    {
        var level = snapshot.Head.Runs.GroupBy(run => run.Level)
            .Where(runs => runs.Select(run => run.Made).Distinct().Count() >= limits.RunsPerLevel)
            .MinBy(runs => runs.Key);
        return level is null ? null : new CompactionPlan([], [.. level], level.Key + 1, snapshot.Head.Covered);
    }
}
