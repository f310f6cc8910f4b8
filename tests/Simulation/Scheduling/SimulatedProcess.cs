using Mjolnir.AppServer.Lanes;

namespace Mjolnir.Simulation.Tests.Scheduling;

/// <summary>
/// A process of the simulated cluster: the context to which everything awaited in it comes back. A crash is that nothing of it ever runs again; what it has sent is on its way all the same. A
/// pause is that nothing of it runs for a while, though its timers go on: a zombie when it wakes.
/// </summary>
internal sealed class SimulatedProcess : SynchronizationContext
{
    private readonly ReadyQueue _queue;
    private readonly List<ReadyQueue> _lanes = [];
    private readonly List<Action> _ends = [];
    private long _pausedUntil;

    public SimulatedProcess(SimulationLoop loop, string name)
    {
        (Loop, Name) = (loop, name);
        _queue = new ReadyQueue(this, this, fault => loop.Fail($"Process {name} threw: {fault}"));
        Time = new SimulatedTime(this);
    }

    public SimulationLoop Loop { get; }

    public string Name { get; }

    /// <summary>The process's clock and timers.</summary>
    public SimulatedTime Time { get; }

    public bool IsDead { get; private set; }

    public bool IsPaused => Loop.Now < _pausedUntil;

    public override void Post(SendOrPostCallback d, object? state) => _queue.Post(d, state);

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A simulated process is never waited for.");

    public override SynchronizationContext CreateCopy() => this;

    public void Post(Action action) => _queue.Post(static state => ((Action)state!)(), action);

    /// <summary>Starts something that runs for as long as the process; an exception of it ends the simulation.</summary>
    public void Start(Func<Task> walk) => Post(() => Watch(walk));

    /// <summary>A lane in this process.</summary>
    public Lane NewLane(Action<Exception> fault)
    {
        var lane = new SimulatedLane(this, fault);
        _lanes.Add(lane.Queue);
        return lane;
    }

    /// <summary>Called when the process dies: whoever is connected to it learns it in time.</summary>
    public void OnEnd(Action ended) => _ends.Add(ended);

    public void Crash()
    {
        if (!IsDead)
        {
            Loop.Trace.Line(Name, "dies");
            IsDead = true;
            _queue.End();
            _lanes.ForEach(lane => lane.End());
            _ends.ForEach(ended => ended());
        }
    }

    public void Pause(TimeSpan time)
    {
        Loop.Trace.Line(Name, $"stands still for {time.TotalMilliseconds:F0} ms");
        _pausedUntil = Math.Max(_pausedUntil, Loop.Now + time.Ticks);
        Loop.At(_pausedUntil, Resume);
    }

    private void Resume()
    {
        _queue.BecomeReady();
        _lanes.ForEach(lane => lane.BecomeReady());
    }

    private async void Watch(Func<Task> walk)
    {
        try
        {
            await walk();
        }
        catch (Exception fault)
        {
            Loop.Fail($"Process {Name} threw: {fault}");
        }
    }
}
