using System.Globalization;
using Mjolnir.Core.Batches;

namespace Mjolnir.Checking.Logs;

/// <summary>What is durable of all logs since the store was empty: the truth that everything else is held against.</summary>
public sealed class DurableLogs
{
    private DurableLogs(IReadOnlyList<Batch> batches, IReadOnlyList<Anomaly> anomalies) => (Batches, Anomalies) = (batches, anomalies);

    /// <summary>Log by log, in the order of their numbers, each once.</summary>
    public IReadOnlyList<Batch> Batches { get; }

    /// <summary>Numbers that are missing, or that two different batches bear.</summary>
    public IReadOnlyList<Anomaly> Anomalies { get; }

    /// <summary>Takes what counts of what was delivered.</summary>
    /// <param name="delivered">batches as they were consumed, in any order; those delivered again may be given again</param>
    /// <param name="ends">per log the last batch that counts: its sealed watermark, or the cut after a queue was lost. All of a log that is missing here counts</param>
    public static DurableLogs Of(IEnumerable<Batch> delivered, IReadOnlyDictionary<string, long> ends)
    {
        var anomalies = new List<Anomaly>();
        var batches = new List<Batch>();
        foreach (var log in delivered.GroupBy(batch => batch.Log, StringComparer.Ordinal).OrderBy(log => log.Key, StringComparer.Ordinal))
        {
            var end = ends.GetValueOrDefault(log.Key, long.MaxValue);
            var last = 0L;
            foreach (var same in log.Where(batch => batch.Number <= end).GroupBy(batch => batch.Number).OrderBy(same => same.Key))
            {
                if (same.Key != last + 1)
                {
                    anomalies.Add(new Anomaly("batch gap", string.Create(CultureInfo.InvariantCulture, $"batch {same.Key} of {log.Key} follows batch {last}.")));
                }

                if (same.Any(batch => !IsSame(batch, same.First())))
                {
                    anomalies.Add(new Anomaly("batch twice", string.Create(CultureInfo.InvariantCulture, $"batch {same.Key} of {log.Key} was delivered with two contents.")));
                }

                last = same.Key;
                batches.Add(same.First());
            }

            if (end != long.MaxValue && last < end)
            {
                anomalies.Add(new Anomaly("batch gap", string.Create(CultureInfo.InvariantCulture, $"{log.Key} ends at batch {end}, and only {last} were delivered.")));
            }
        }

        return new DurableLogs(batches, anomalies);
    }

    private static bool IsSame(Batch one, Batch other) =>
        one with { Foreign = other.Foreign, Records = other.Records } == other && one.Foreign.SequenceEqual(other.Foreign) && one.Records.SequenceEqual(other.Records);
}
