using System.Text;

namespace Mjolnir.Core.Routing;

/// <summary>What is known of one handler: how often each part of its calls named a row that it touched.</summary>
internal sealed class HandlerHabits
{
    private readonly Lock _gate = new();
    private readonly Dictionary<CallSource, double> _scores = [];
    private int _learned;
    private int _asked;
    private KeySources _best = KeySources.None;

    /// <summary>The parts that name rows more often than not.</summary>
    public KeySources Best => Volatile.Read(ref _best);

    public bool IsDue() =>
        Volatile.Read(ref _learned) < RoutingLimits.FirstLessons || Interlocked.Increment(ref _asked) % RoutingLimits.LessonEvery == 0;

    public void Learn(in CallParts parts, IReadOnlyCollection<string> touched)
    {
        if (touched.Count == 0)
        {
            return;
        }

        Span<byte> utf8 = stackalloc byte[RoutingLimits.ValueBytes];
        lock (_gate)
        {
            _learned++;
            var values = new CallValueReader(parts);
            while (values.Read())
            {
                var length = values.Copy(utf8);
                Learn(_scores, values.Source(), length > 0 && touched.Contains(Encoding.UTF8.GetString(utf8[..length])));
            }

            Volatile.Write(ref _best, KeySources.Of(_scores, RoutingLimits.LeastScore));
        }
    }

    /// <summary>A running average: a handler whose habits change is learned anew within some dozen lessons.</summary>
    internal static void Learn(Dictionary<CallSource, double> scores, CallSource source, bool isTouched)
    {
        var hit = isTouched ? 1.0 : 0.0;
        if (scores.TryGetValue(source, out var score))
        {
            scores[source] = score + ((hit - score) * RoutingLimits.LessonWeight);
        }
        else if (scores.Count < RoutingLimits.Sources || (isTouched && scores.Remove(scores.MinBy(static known => known.Value).Key)))
        {
            scores.Add(source, hit);
        }
    }
}

/// <summary>The parts of a handler's calls that name rows; immutable.</summary>
internal sealed class KeySources
{
    public static readonly KeySources None = new([]);

    private readonly bool _user;
    private readonly uint _arguments;
    private readonly byte[][] _inputs;

    private KeySources(CallSource[] sources)
    {
        _user = sources.Any(static source => source.Kind == CallSourceKind.User);
        _arguments = sources.Where(static source => source.Kind == CallSourceKind.Argument).Aggregate(0u, static (bits, source) => bits | (1u << source.Index));
        _inputs = [.. sources.Where(static source => source.Kind == CallSourceKind.Input).Select(static source => Encoding.UTF8.GetBytes(source.Name!))];
    }

    public bool IsNone => !_user && _arguments == 0 && _inputs.Length == 0;

    public static KeySources Of(Dictionary<CallSource, double> scores, double least) =>
        new([.. scores.Where(scored => scored.Value > least).Select(static scored => scored.Key)]);

    /// <summary>True if the reader stands at one of them.</summary>
    public bool Include(in CallValueReader value) => value.Kind switch
    {
        CallSourceKind.User => _user,
        CallSourceKind.Argument => (_arguments & (1u << value.Index)) != 0,
        _ => IncludesInput(value.Name),
    };

    private bool IncludesInput(ReadOnlySpan<byte> name)
    {
        foreach (var input in _inputs)
        {
            if (name.SequenceEqual(input))
            {
                return true;
            }
        }

        return false;
    }
}
