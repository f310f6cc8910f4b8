using System.Collections.Concurrent;

namespace Mjolnir.Core.Routing;

/// <summary>
/// Learns which part of a handler's call names the row it needs (the user, an argument, an input field), from calls whose rows are known, and predicts the primary
/// key of the next call's row: rows of one primary key share a slot, so this is all that routing needs. A wrong prediction costs a hop, never correctness. Thread-safe.
/// </summary>
public sealed class KeyPredictor
{
    private readonly ConcurrentDictionary<string, Rule> _rules = new(StringComparer.Ordinal);

    /// <summary>True if a call of this handler should be shown to <see cref="Learn"/>: always at first, then now and then, as habits change.</summary>
    public bool WantsToLearn(string handler) => !_rules.TryGetValue(handler, out var rule) || rule.IsDue();

    /// <summary>Takes in a call and the primary keys of the rows it touched.</summary>
    /// <param name="handler">the handler's name</param>
    /// <param name="parts">what the call came with</param>
    /// <param name="touched">primary keys of the rows it read or wrote; may be empty</param>
    public void Learn(string handler, in CallParts parts, IReadOnlyCollection<string> touched)
    {
        if (_rules.Count < RoutingLimits.Handlers || _rules.ContainsKey(handler))
        {
            _rules.GetOrAdd(handler, static _ => new Rule()).Learn(parts, touched);
        }
    }

    /// <summary>The primary key that the call most probably needs; null if nothing is known.</summary>
    public string? Predict(string handler, in CallParts parts) =>
        _rules.TryGetValue(handler, out var rule) && rule.Best is { } source ? parts.Value(source) : null;

    /// <summary>What is known of one handler.</summary>
    private sealed class Rule
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<CallSource, double> _scores = [];
        private int _learned;
        private int _asked;

        public CallSource? Best { get; private set; }

        public bool IsDue() =>
            Volatile.Read(ref _learned) < RoutingLimits.FirstLessons || Interlocked.Increment(ref _asked) % RoutingLimits.LessonEvery == 0;

        public void Learn(in CallParts parts, IReadOnlyCollection<string> touched)
        {
            if (touched.Count == 0)
            {
                return;
            }

            lock (_gate)
            {
                _learned++;
                foreach (var (source, value) in parts.Values())
                {
                    // A running average: a handler whose habits change is learned anew within some dozen lessons.
                    var hit = touched.Contains(value) ? 1.0 : 0.0;
                    _scores[source] = _scores.TryGetValue(source, out var score) ? score + ((hit - score) * RoutingLimits.LessonWeight) : hit;
                }

                Best = BestSource();
            }
        }

        private CallSource? BestSource()
        {
            CallSource? best = null;
            var highest = RoutingLimits.LeastScore;
            foreach (var (source, score) in _scores)
            {
                if (score > highest || (score == highest && best is { } other && source.CompareTo(other) < 0))
                {
                    (best, highest) = (source, score);
                }
            }

            return best;
        }
    }
}
