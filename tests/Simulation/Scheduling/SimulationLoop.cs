using Mjolnir.Simulation.Tests.Faults;

namespace Mjolnir.Simulation.Tests.Scheduling;

/// <summary>
/// The one thread of a simulation: a clock that only moves when nothing is left to do at this moment, a heap of what is to happen later, and the queues of all processes, of which the seed
/// draws the next. Nothing runs outside of it: a callback that comes from another thread is an escape from the simulation, and ends the run.
/// </summary>
internal sealed class SimulationLoop
{
    /// <summary>Callbacks at one moment, after which nothing is taken for getting on.</summary>
    private const int MostStepsAtOnce = 200_000;

    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Action, (long At, long Order)> _later = new();
    private readonly List<ReadyQueue> _ready = [];
    private readonly SimulationDice _dice;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;
    private int _stepsAtOnce;
    private string? _escape;
    private string? _failure;

    public SimulationLoop(long seed, SimulationTrace trace)
    {
        Seed = seed;
        _dice = new SimulationDice(seed, "schedule");
        Network = new SimulationDice(seed, "network");
        Trace = trace;
        trace.Clock = () => Now;
    }

    public long Seed { get; }

    /// <summary>What messages meet on their way.</summary>
    public SimulationDice Network { get; }

    /// <summary>What goes wrong with messages.</summary>
    public Weather Weather { get; set; } = Weather.Fair;

    public SimulationTrace Trace { get; }

    /// <summary>Ticks of 100 ns since the beginning.</summary>
    public long Now { get; private set; }

    public TimeSpan Elapsed => TimeSpan.FromTicks(Now);

    public DateTimeOffset UtcNow => Epoch + Elapsed;

    /// <summary>Nothing will happen any more by itself.</summary>
    public bool IsIdle => _ready.Count == 0 && _later.Count == 0;

    /// <summary>Callbacks run.</summary>
    public long Steps { get; private set; }

    /// <summary>The first thing that went wrong in the simulated world itself, or in a process that nobody looks after.</summary>
    public string? Failure => _failure ?? Volatile.Read(ref _escape);

    public void Fail(string failure)
    {
        Trace.Line("failure", failure);
        _failure ??= failure;
    }

    /// <summary>Has something happen after a time.</summary>
    public void After(TimeSpan delay, Action action) => At(Now + delay.Ticks, action);

    public void At(long when, Action action)
    {
        if (!IsOwnThread(action.Target))
        {
            return;
        }

        _later.Enqueue(action, (Math.Max(when, Now), _order++));
    }

    /// <summary>Runs until a condition holds or a time has passed; true if it holds.</summary>
    public bool RunUntil(Func<bool> isDone, TimeSpan patience)
    {
        var (before, deadline) = (SynchronizationContext.Current, Now + patience.Ticks);
        try
        {
            while (Failure is null)
            {
                if (isDone())
                {
                    return true;
                }

                if (!StepOnce(deadline))
                {
                    return false;
                }
            }

            return false;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    internal void IsReady(ReadyQueue queue) => _ready.Add(queue);

    /// <summary>False, and the run has failed, if the caller is on another thread: something escaped from the simulation.</summary>
    internal bool IsOwnThread(object? what)
    {
        if (Environment.CurrentManagedThreadId == _thread)
        {
            return true;
        }

        Interlocked.CompareExchange(ref _escape, $"Something left the simulation for another thread: {what} {Environment.StackTrace}", null);
        return false;
    }

    private bool StepOnce(long deadline)
    {
        Steps++;
        if (++_stepsAtOnce > MostStepsAtOnce)
        {
            Fail($"Something runs for ever without time passing.");
            return true;
        }

        if (_ready.Count > 0)
        {
            var index = _ready.Count == 1 ? 0 : _dice.Below(_ready.Count);
            var queue = _ready[index];
            if (!queue.RunOne())
            {
                _ready[index] = _ready[^1];
                _ready.RemoveAt(_ready.Count - 1);
            }

            return true;
        }

        if (!_later.TryDequeue(out var action, out var due) || due.At > deadline)
        {
            if (action is not null)
            {
                _later.Enqueue(action, due);
            }

            Now = deadline;
            return false;
        }

        if (due.At > Now)
        {
            (Now, _stepsAtOnce) = (due.At, 0);
        }

        SynchronizationContext.SetSynchronizationContext(null);
        action();
        return true;
    }
}
