namespace Mjolnir.Chaos;

/// <summary>What all chaos around a seam has in common: gates that a test sets up, and the walk of an operation through them.</summary>
/// <typeparam name="TOperation">what is asked</typeparam>
/// <typeparam name="TAnswer">what can be answered without asking</typeparam>
public abstract class ChaosSeam<TOperation, TAnswer>
{
    private readonly Lock _lock = new();
    private readonly List<ChaosGate<TOperation, TAnswer>> _gates = [];

    private protected ChaosSeam()
    {
    }

    /// <summary>Holds the next operation that matches, before anything of it is done.</summary>
    public ChaosGate<TOperation, TAnswer> HoldNext(Func<TOperation, bool> match) => Add(match, once: true, holdsAnswer: false);

    /// <summary>Lets the next operation that matches be done, and holds its answer.</summary>
    public ChaosGate<TOperation, TAnswer> HoldNextAnswer(Func<TOperation, bool> match) => Add(match, once: true, holdsAnswer: true);

    /// <summary>Holds every operation that matches until the gate is disposed: an outage, or a peer that is stopped.</summary>
    public ChaosGate<TOperation, TAnswer> HoldEach(Func<TOperation, bool> match) => Add(match, once: false, holdsAnswer: false);

    private protected ChaosGate<TOperation, TAnswer>? GateFor(TOperation operation)
    {
        lock (_lock)
        {
            var gate = _gates.Find(one => one.Match(operation));
            if (gate is { Once: true })
            {
                _gates.Remove(gate);
            }

            return gate;
        }
    }

    /// <summary>Walks one operation through its gate, if it has one.</summary>
    /// <param name="operation">the operation</param>
    /// <param name="act">does it on the real seam</param>
    /// <param name="unknown">what the sender gets when the answer is lost</param>
    /// <param name="answer">makes the sender's answer of one that a test gave</param>
    /// <param name="cancellationToken">ends the waiting at the gate</param>
    private protected async ValueTask<T> WalkAsync<T>(
        TOperation operation, Func<Task<T>> act, Func<T> unknown, Func<TAnswer, T> answer, CancellationToken cancellationToken)
    {
        if (GateFor(operation) is not { } gate)
        {
            return await act();
        }

        var done = gate.HoldsAnswer ? await act() : default;
        var verdict = await gate.ArriveAsync(operation, cancellationToken);
        switch (verdict.Fate)
        {
            case ChaosFate.Pass:
                return gate.HoldsAnswer ? done! : await act();
            case ChaosFate.Answer:
                return answer(verdict.Answer!);
            case ChaosFate.Throw:
                throw verdict.Fault!;
            default:
                await ApplyAsync(gate, verdict.Effect, act);
                return unknown();
        }
    }

    private protected static async Task ApplyAsync(ChaosGate<TOperation, TAnswer> gate, ChaosEffect effect, Func<Task> act)
    {
        if (gate.HoldsAnswer)
        {
            return;
        }

        if (effect == ChaosEffect.Done)
        {
            await act();
        }
        else if (effect == ChaosEffect.Later)
        {
            gate.KeepLate(act);
        }
    }

    private ChaosGate<TOperation, TAnswer> Add(Func<TOperation, bool> match, bool once, bool holdsAnswer)
    {
        var gate = new ChaosGate<TOperation, TAnswer>(match, once, holdsAnswer, Remove);
        lock (_lock)
        {
            _gates.Add(gate);
        }

        return gate;
    }

    private void Remove(ChaosGate<TOperation, TAnswer> gate)
    {
        lock (_lock)
        {
            _gates.Remove(gate);
        }
    }
}
