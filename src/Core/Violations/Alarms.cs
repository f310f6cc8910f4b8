namespace Mjolnir.Core.Violations;

/// <summary>The broken rules that one process has found, by kind. Thread-safe.</summary>
public sealed class Alarms
{
    /// <summary>Different violations remembered, so that one that is met again and again (a damaged row that is asked for) is logged once. More than that many in one process are logged anew.</summary>
    private const int Remembered = 1024;

    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[Kinds.Count];
    private readonly HashSet<Violation> _told = [];
    private Violation? _last;

    /// <summary>All kinds, in the order of <see cref="ViolationKind"/>.</summary>
    public static IReadOnlyList<ViolationKind> Kinds { get; } = Enum.GetValues<ViolationKind>();

    /// <summary>Violations of all kinds so far.</summary>
    public long Total
    {
        get
        {
            lock (_lock)
            {
                return _counts.Sum();
            }
        }
    }

    /// <summary>The newest one; null if there was none.</summary>
    public Violation? Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    /// <summary>Violations of one kind so far.</summary>
    public long CountOf(ViolationKind kind)
    {
        lock (_lock)
        {
            return _counts[(int)kind];
        }
    }

    /// <summary>Counts a violation; true if it is to be logged, because it is a new one.</summary>
    public bool Raise(Violation violation)
    {
        lock (_lock)
        {
            _counts[(int)violation.Kind]++;
            _last = violation;
            if (_told.Count == Remembered)
            {
                _told.Clear();
            }

            return _told.Add(violation);
        }
    }

    /// <summary>The kind's name in figures: <c>version_gap</c>.</summary>
    public static string NameOf(ViolationKind kind) => string.Concat(kind.ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? $"_{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
