namespace Mjolnir.Simulation.Tests.Scheduling;

/// <summary>Callbacks of one process, or of one lane in it, in order. A paused process keeps them; a dead one forgets them.</summary>
/// <param name="process">the process</param>
/// <param name="context">what is the current context while they run, so that continuations come back here</param>
/// <param name="fault">told of an exception that reaches the queue</param>
internal sealed class ReadyQueue(SimulatedProcess process, SynchronizationContext context, Action<Exception> fault)
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _callbacks = new();
    private bool _isReady;

    public int Count => _callbacks.Count;

    public bool HasEnded { get; private set; }

    public void Post(SendOrPostCallback callback, object? state)
    {
        // What is left of the dead is collected: its finalizers may post from their own thread.
        if (process.IsDead || HasEnded || !process.Loop.IsOwnThread((state as Delegate)?.Target ?? state))
        {
            return;
        }

        _callbacks.Enqueue((callback, state));
        BecomeReady();
    }

    /// <summary>The process goes on after a pause.</summary>
    public void BecomeReady()
    {
        if (!_isReady && !process.IsPaused && _callbacks.Count > 0)
        {
            _isReady = true;
            process.Loop.IsReady(this);
        }
    }

    public void End()
    {
        HasEnded = true;
        _callbacks.Clear();
    }

    /// <summary>Runs the oldest callback; false if there is none left to run now.</summary>
    public bool RunOne()
    {
        if (process.IsPaused || process.IsDead || !_callbacks.TryDequeue(out var next))
        {
            return _isReady = false;
        }

        SynchronizationContext.SetSynchronizationContext(context);
        try
        {
            next.Callback(next.State);
        }
        catch (Exception exception)
        {
            HasEnded = true;
            _callbacks.Clear();
            fault(exception);
        }

        return _isReady = _callbacks.Count > 0 && !process.IsPaused && !process.IsDead;
    }
}
