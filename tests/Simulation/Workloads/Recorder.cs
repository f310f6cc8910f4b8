namespace Mjolnir.Simulation.Tests.Workloads;

/// <summary>All operations of a simulation and all runs of them, wherever they ran and whatever became of them.</summary>
internal sealed class Recorder
{
    public List<Operation> Operations { get; } = [];

    /// <summary>By number; the first is nobody's, so that 0 means no row.</summary>
    public List<Attempt?> Attempts { get; } = [null];

    public Operation Add(string kind, string? requestId, Func<RowsOfRun, Outcome?> body)
    {
        var operation = new Operation(Operations.Count, kind, requestId, body);
        Operations.Add(operation);
        return operation;
    }

    public Attempt Begin(Operation operation)
    {
        var attempt = new Attempt(Attempts.Count, operation);
        Attempts.Add(attempt);
        return attempt;
    }
}
