using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Serializability;

/// <summary>Collects what is found, each in words.</summary>
internal sealed class Findings(History history)
{
    private readonly List<Anomaly> _anomalies = [];
    private readonly List<Operation> _operations = [.. history.Operations];

    /// <summary>Those of the history, and behind them those that must have been.</summary>
    public IReadOnlyList<Operation> Operations => _operations;

    public IReadOnlyList<Anomaly> Anomalies => _anomalies;

    public Outcome OutcomeOf(int operation) => _operations[operation].Outcome;

    /// <summary>An operation that nobody can name, but whose write was read: it must have been one of those whose outcome is unknown. Returns its index.</summary>
    /// <param name="write">what it wrote</param>
    /// <param name="start">the first moment at which one of those was sent</param>
    public int AddSomebody(Access write, long start)
    {
        _operations.Add(new Operation(History.Somebody, $"somebody-{_operations.Count}", start, long.MaxValue, Outcome.Unknown, [write]));
        return _operations.Count - 1;
    }

    /// <param name="kind">the anomaly's name</param>
    /// <param name="words">what is wrong</param>
    /// <param name="concerned">indices of the operations concerned, which are shown</param>
    public void Add(string kind, string words, params ReadOnlySpan<int> concerned)
    {
        foreach (var operation in concerned)
        {
            words += $"\n    {_operations[operation]}";
        }

        _anomalies.Add(new Anomaly(kind, words));
    }
}
