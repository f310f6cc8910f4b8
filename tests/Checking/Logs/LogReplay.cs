using System.Globalization;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;

namespace Mjolnir.Checking.Logs;

/// <summary>Replays logs from the first batch on: versions of a key follow each other, and the store holds what the logs say (invariants 4 and 6).</summary>
public static class LogReplay
{
    /// <summary>The versions of each key are 1, 2, 3, …, each made once. A transaction id begins at 1 again when it is used again after its life.</summary>
    public static IReadOnlyList<Anomaly> CheckVersions(DurableLogs logs)
    {
        var found = new List<Anomaly>();
        foreach (var row in Lines(logs).GroupBy(line => line.Key))
        {
            var last = default(SegmentRow);
            foreach (var line in row.OrderBy(line => line.Time).ThenBy(line => line.Version.Version))
            {
                if (!Follows(line, last))
                {
                    var kind = last.Version?.Version == line.Version.Version ? "version twice" : "version gap";
                    found.Add(new Anomaly(kind, $"{Text(line)} follows {(last.Version is null ? "nothing" : Text(last))}."));
                }

                last = line;
            }
        }

        return found;
    }

    /// <summary>The store holds of each key the newest version in the logs, with its stamp and value, and nothing else.</summary>
    /// <param name="logs">the logs, all of them stored</param>
    /// <param name="stored">the newest line of each key that a reader of the store finds</param>
    /// <param name="unixMilliseconds">the clock of the store's readers: transaction ids older than their life may be gone</param>
    public static IReadOnlyList<Anomaly> CheckStore(DurableLogs logs, IEnumerable<SegmentRow> stored, long unixMilliseconds)
    {
        var found = new List<Anomaly>();
        var there = stored.ToDictionary(row => row.Key);
        foreach (var row in Lines(logs).GroupBy(line => line.Key))
        {
            var newest = row.OrderBy(line => line.Time).ThenBy(line => line.Version.Version).Last();
            if (there.Remove(row.Key, out var line))
            {
                if (line.Version != newest.Version)
                {
                    found.Add(new Anomaly("store", $"the store has {Text(line)}, the logs say {Text(newest)}."));
                }
            }
            else if (newest.Version.State != RowState.Absent && !TransactionIds.IsForgotten(newest, unixMilliseconds))
            {
                found.Add(new Anomaly("store", $"the store has nothing of {row.Key}, the logs say {Text(newest)}."));
            }
        }

        found.AddRange(there.Values.Select(line => new Anomaly("store", $"the store has {Text(line)}, the logs know nothing of it.")));
        return found;
    }

    internal static IEnumerable<SegmentRow> Lines(DurableLogs logs) => logs.Batches.SelectMany(batch => batch.Records.Select(record => Line(batch, record)));

    private static SegmentRow Line(Batch batch, in BatchRecord record) =>
        new(record.Key, new RowVersion(record.Version, new Stamp(batch.Log, batch.Number), record.State, record.Value))
        {
            Time = SegmentRow.IsTransactionId(record.Key) ? batch.UnixMilliseconds : 0,
        };

    private static bool Follows(SegmentRow line, SegmentRow last)
    {
        var expected = (last.Version?.Version ?? 0) + 1;
        var isNewLife = line.Time != 0 && line.Version.Version == 1 && TransactionIds.IsForgotten(last, line.Time);
        return line.Version.Version == expected || isNewLife;
    }

    private static string Text(SegmentRow line) =>
        string.Create(CultureInfo.InvariantCulture, $"version {line.Version.Version} of {line.Key} by {line.Version.Stamp} ({line.Version.State}{(line.Version.Value is { } value ? " " + value : "")})");
}
