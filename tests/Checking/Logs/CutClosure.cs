using System.Globalization;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Checking.Logs;

/// <summary>
/// Nothing inside a cut depends on anything outside it (W4): by the foreign stamps that batches recorded, and, independently of these, by the versions themselves, as who makes a version has replaced the one before.
/// </summary>
public static class CutClosure
{
    /// <param name="logs">the logs as they were before anything was lost</param>
    /// <param name="cut">per log the last batch inside; nothing of a log that is missing here is inside</param>
    public static IReadOnlyList<Anomaly> Check(DurableLogs logs, IReadOnlyDictionary<string, long> cut)
    {
        var found = new List<Anomaly>();
        var makers = new Dictionary<(RowKey Key, long Version), Stamp>();
        foreach (var line in LogReplay.Lines(logs))
        {
            makers[(line.Key, line.Version.Version)] = line.Version.Stamp;
        }

        foreach (var batch in logs.Batches.Where(batch => IsInside(new Stamp(batch.Log, batch.Number), cut)))
        {
            found.AddRange(batch.Foreign.Where(stamp => !IsInside(stamp, cut)).Select(stamp => new Anomaly("cut", string.Create(CultureInfo.InvariantCulture, $"batch {batch.Log}:{batch.Number} is inside and was built on {stamp}, which is not."))));
            foreach (var record in batch.Records.Where(record => record.Version > 1))
            {
                if (makers.TryGetValue((record.Key, record.Version - 1), out var maker) && !IsInside(maker, cut))
                {
                    found.Add(new Anomaly("cut", string.Create(CultureInfo.InvariantCulture, $"batch {batch.Log}:{batch.Number} is inside and replaced version {record.Version - 1} of {record.Key} by {maker}, which is not.")));
                }
            }
        }

        return found;
    }

    private static bool IsInside(Stamp stamp, IReadOnlyDictionary<string, long> cut) => cut.TryGetValue(stamp.Log, out var last) && stamp.Batch <= last;
}
