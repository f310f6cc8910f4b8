namespace Mjolnir.Chaos;

/// <summary>When what was asked is done, if its answer is lost.</summary>
public enum ChaosEffect
{
    /// <summary>Never.</summary>
    None,

    /// <summary>It was done before the answer was lost.</summary>
    Done,

    /// <summary>When <see cref="ChaosGate{TOperation, TAnswer}.ApplyLateAsync"/> says so: it travels on without its sender.</summary>
    Later,
}

/// <summary>
/// A place where operations stop until a test says how they go on. It may say so before they come: then they do not stop. Said once, it holds
/// for every operation that comes to this gate.
/// </summary>
/// <typeparam name="TOperation">what is asked</typeparam>
/// <typeparam name="TAnswer">what can be answered without asking</typeparam>
public sealed class ChaosGate<TOperation, TAnswer> : IDisposable
{
    // The one who waits for Reached is the test: it must not go on within the code under test.
    private readonly TaskCompletionSource<TOperation> _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The held operation goes on within Release, so that a test on one thread stays on one thread.
    private readonly TaskCompletionSource<ChaosVerdict<TAnswer>> _verdict = new();
    private readonly Queue<Func<Task>> _late = new();
    private readonly Action<ChaosGate<TOperation, TAnswer>> _remove;

    internal ChaosGate(Func<TOperation, bool> match, bool once, bool holdsAnswer, Action<ChaosGate<TOperation, TAnswer>> remove)
    {
        (Match, Once, HoldsAnswer, _remove) = (match, once, holdsAnswer, remove);
    }

    /// <summary>The first operation that came here, when it does.</summary>
    public Task<TOperation> Reached => _reached.Task;

    internal Func<TOperation, bool> Match { get; }

    internal bool Once { get; }

    internal bool HoldsAnswer { get; }

    /// <summary>Goes on as if nothing had happened.</summary>
    public void Release() => Say(new ChaosVerdict<TAnswer>(ChaosFate.Pass, ChaosEffect.None, default, null));

    /// <summary>The sender gets no answer. At a gate that holds answers it was done, whatever is said here.</summary>
    /// <param name="applied">it was done all the same</param>
    /// <param name="applyLater">it is done when <see cref="ApplyLateAsync"/> is called</param>
    public void ReleaseAsUnknown(bool applied = false, bool applyLater = false) =>
        Say(new ChaosVerdict<TAnswer>(ChaosFate.Unknown, applied ? ChaosEffect.Done : applyLater ? ChaosEffect.Later : ChaosEffect.None, default, null));

    /// <summary>Nothing is done, and this is the answer. At a gate that holds answers it was done.</summary>
    public void ReleaseAs(TAnswer answer) => Say(new ChaosVerdict<TAnswer>(ChaosFate.Answer, ChaosEffect.None, answer, null));

    /// <summary>Nothing is done, and this is thrown. At a gate that holds answers it was done.</summary>
    public void ReleaseByThrowing(Exception fault) => Say(new ChaosVerdict<TAnswer>(ChaosFate.Throw, ChaosEffect.None, default, fault));

    /// <summary>Does now, in order, what <see cref="ReleaseAsUnknown"/> put off.</summary>
    public async Task ApplyLateAsync()
    {
        while (_late.TryDequeue(out var apply))
        {
            await apply();
        }
    }

    /// <summary>Later operations pass the gate by. Those it holds stay until they are released.</summary>
    public void Dispose() => _remove(this);

    internal Task<ChaosVerdict<TAnswer>> ArriveAsync(TOperation operation, CancellationToken cancellationToken)
    {
        _reached.TrySetResult(operation);
        return _verdict.Task.WaitAsync(cancellationToken);
    }

    internal void KeepLate(Func<Task> apply) => _late.Enqueue(apply);

    private void Say(ChaosVerdict<TAnswer> verdict)
    {
        if (!_verdict.TrySetResult(verdict))
        {
            throw new InvalidOperationException("It is decided already what becomes of operations at this gate.");
        }
    }
}

internal enum ChaosFate
{
    Pass,
    Unknown,
    Answer,
    Throw,
}

internal sealed record ChaosVerdict<TAnswer>(ChaosFate Fate, ChaosEffect Effect, TAnswer? Answer, Exception? Fault);
