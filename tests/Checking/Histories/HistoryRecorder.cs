using System.Collections.Concurrent;

namespace Mjolnir.Checking.Histories;

/// <summary>Records what many clients do at once. Costs one object and a look at the clock at each end of an operation. Safe for any number of threads.</summary>
/// <param name="clock">ticks that never go back, the same for all clients: <c>TimeProvider.GetTimestamp</c>, or the simulation's</param>
public sealed class HistoryRecorder(Func<long> clock)
{
    private readonly ConcurrentQueue<PendingOperation> _begun = new();

    /// <summary>Call right before the first attempt is sent.</summary>
    /// <param name="client">who asks</param>
    /// <param name="id">the request's id; unique, or empty</param>
    /// <param name="intended">the writes that are asked for: all that is known of it if it is never answered</param>
    public PendingOperation Begin(int client, string id, params IReadOnlyList<Access> intended)
    {
        var operation = new PendingOperation(clock, client, id, intended);
        _begun.Enqueue(operation);
        return operation;
    }

    /// <summary>All that was begun so far. What has no outcome yet is unknown.</summary>
    public History ToHistory() => new(_begun.Select(operation => operation.Snapshot()));
}

/// <summary>An operation under way.</summary>
public sealed class PendingOperation
{
    private readonly Func<long> _clock;
    private readonly Operation _begun;
    private Operation? _ended;

    internal PendingOperation(Func<long> clock, int client, string id, IReadOnlyList<Access> intended)
    {
        _clock = clock;
        _begun = new Operation(client, id, clock(), long.MaxValue, Outcome.Unknown, intended);
    }

    /// <summary>It was acknowledged. Call right after the answer was seen.</summary>
    /// <param name="accesses">all that it read and wrote</param>
    public void Commit(params IReadOnlyList<Access> accesses) => End(Outcome.Committed, accesses);

    /// <summary>It was refused: nothing of it happened or will.</summary>
    public void Refuse() => End(Outcome.Refused, _begun.Accesses);

    internal Operation Snapshot() => Volatile.Read(ref _ended) ?? _begun;

    private void End(Outcome outcome, IReadOnlyList<Access> accesses)
    {
        var ended = _begun with { End = _clock(), Outcome = outcome, Accesses = accesses };
        if (Interlocked.CompareExchange(ref _ended, ended, null) is not null)
        {
            throw new InvalidOperationException($"Operation {_begun.Id} has ended already.");
        }
    }
}
