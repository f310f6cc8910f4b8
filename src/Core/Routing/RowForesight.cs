using System.Collections.Concurrent;
using System.Text;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Routing;

/// <summary>
/// Learns which parts of a handler's call name which tables' rows that it reads, and names the rows that the next call will most probably read: they are then asked for all together before the handler runs, instead of one after the
/// other, each with a run that ends where a row is missing. What is foreseen wrongly costs a read, never correctness. One per application; thread-safe.
/// </summary>
public sealed class RowForesight
{
    private readonly ConcurrentDictionary<string, RowHabits> _handlers = new(StringComparer.Ordinal);

    /// <summary>True if a call of this handler should be shown to <see cref="Learn"/>: always at first, then now and then, as habits change.</summary>
    public bool WantsToLearn(string handler) => !_handlers.TryGetValue(handler, out var habits) || habits.IsDue();

    /// <summary>Takes in a call and the rows that it read.</summary>
    /// <param name="handler">the handler's name; one that exists, for it is remembered</param>
    /// <param name="parts">what the call came with</param>
    /// <param name="read">the rows it read</param>
    public void Learn(string handler, in CallParts parts, IReadOnlyList<RowKey> read)
    {
        if (_handlers.Count < RoutingLimits.Handlers || _handlers.ContainsKey(handler))
        {
            _handlers.GetOrAdd(handler, static _ => new RowHabits()).Learn(parts, read);
        }
    }

    /// <summary>Adds the rows that a call will most probably read, each once, at most <see cref="RoutingLimits.Foreseen"/>.</summary>
    /// <param name="handler">the handler's name</param>
    /// <param name="application">the application's name, of the rows</param>
    /// <param name="parts">what the call came with</param>
    /// <param name="rows">gets them</param>
    public void Foresee(string handler, string application, in CallParts parts, List<RowKey> rows)
    {
        if (!_handlers.TryGetValue(handler, out var habits) || habits.Best is not { Count: > 0 } best)
        {
            return;
        }

        Span<byte> utf8 = stackalloc byte[RoutingLimits.ValueBytes];
        var most = rows.Count + RoutingLimits.Foreseen;
        var values = new CallValueReader(parts);
        while (values.Read())
        {
            foreach (var (table, sources) in best)
            {
                if (rows.Count < most && sources.Include(values) && values.Copy(utf8) is > 0 and var length
                    && RowKey.TryCreate(application, table, Encoding.UTF8.GetString(utf8[..length]), out var row) && !rows.Contains(row))
                {
                    rows.Add(row);
                }
            }
        }
    }
}

/// <summary>What is known of one handler: how often each part of its calls named a row of each table that it read.</summary>
internal sealed class RowHabits
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Dictionary<CallSource, double>> _tables = new(StringComparer.Ordinal);
    private int _learned;
    private int _asked;
    private IReadOnlyList<(string Table, KeySources Sources)> _best = [];

    /// <summary>Per table the parts that name one of its rows nearly always.</summary>
    public IReadOnlyList<(string Table, KeySources Sources)> Best => Volatile.Read(ref _best);

    public bool IsDue() =>
        Volatile.Read(ref _learned) < RoutingLimits.FirstLessons || Interlocked.Increment(ref _asked) % RoutingLimits.LessonEvery == 0;

    public void Learn(in CallParts parts, IReadOnlyList<RowKey> read)
    {
        lock (_gate)
        {
            _learned++;
            foreach (var table in read.Select(static row => row.Table).Distinct())
            {
                if (_tables.Count < RoutingLimits.Tables)
                {
                    _tables.TryAdd(table, []);
                }
            }

            foreach (var (table, scores) in _tables)
            {
                Learn(parts, scores, read.Where(row => row.Table == table).Select(static row => row.PrimaryKey).ToHashSet());
            }

            Volatile.Write(ref _best, [.. _tables.Select(static known => (known.Key, KeySources.Of(known.Value, RoutingLimits.LeastForesight))).Where(static known => !known.Item2.IsNone)]);
        }
    }

    private static void Learn(in CallParts parts, Dictionary<CallSource, double> scores, HashSet<string> read)
    {
        Span<byte> utf8 = stackalloc byte[RoutingLimits.ValueBytes];
        var values = new CallValueReader(parts);
        while (values.Read())
        {
            var length = values.Copy(utf8);
            HandlerHabits.Learn(scores, values.Source(), length > 0 && read.Contains(Encoding.UTF8.GetString(utf8[..length])));
        }
    }
}
