namespace Mjolnir.AppServer.Lanes;

/// <summary>
/// The one order of events in which all protocol state of an app server lives: no locks. Code awaits on it as usual; continuations come back through
/// <see cref="SynchronizationContext.Post"/>. Implementations: a thread of its own (<see cref="ThreadLane"/>), and a queue of the simulation.
/// </summary>
public abstract class Lane : SynchronizationContext, IDisposable
{
    /// <summary>True once nothing that is posted will ever run.</summary>
    public abstract bool HasEnded { get; }

    /// <summary>Callbacks waiting.</summary>
    public abstract int Backlog { get; }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A lane is never waited for.");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Ends the lane after what is queued; callbacks posted later never run.</summary>
    public abstract void Dispose();
}
