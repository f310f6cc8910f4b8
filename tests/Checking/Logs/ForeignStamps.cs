using System.Globalization;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;

namespace Mjolnir.Checking.Logs;

/// <summary>
/// Who replaced a version of another log recorded that log's stamp (V14): else a cut may keep a batch and leave out what it was built on. What was only read cannot be told from logs.
/// </summary>
public static class ForeignStamps
{
    /// <param name="logs">the logs; transaction ids are left out, their versions begin anew</param>
    public static IReadOnlyList<Anomaly> Check(DurableLogs logs)
    {
        var found = new List<Anomaly>();
        var makers = new Dictionary<(RowKey Key, long Version), Stamp>();
        foreach (var line in LogReplay.Lines(logs))
        {
            makers[(line.Key, line.Version.Version)] = line.Version.Stamp;
        }

        foreach (var batch in logs.Batches)
        {
            foreach (var record in batch.Records.Where(record => !SegmentRow.IsTransactionId(record.Key)))
            {
                if (makers.TryGetValue((record.Key, record.Version - 1), out var maker) && maker.Log != batch.Log && !batch.Foreign.Any(stamp => stamp.Log == maker.Log && stamp.Batch >= maker.Batch))
                {
                    found.Add(new Anomaly("stamp", string.Create(CultureInfo.InvariantCulture, $"batch {batch.Log}:{batch.Number} replaced version {record.Version - 1} of {record.Key} by {maker} and did not record that stamp.")));
                }
            }
        }

        return found;
    }
}
