using Mjolnir.AppServer.Lanes;

namespace Mjolnir.Simulation.Tests.Scheduling;

/// <summary>The lane of a simulated app server: a queue of its process instead of a thread.</summary>
internal sealed class SimulatedLane : Lane
{
    public SimulatedLane(SimulatedProcess process, Action<Exception> fault) => Queue = new ReadyQueue(process, this, fault);

    public ReadyQueue Queue { get; }

    public override bool HasEnded => Queue.HasEnded;

    public override int Backlog => Queue.Count;

    public override void Post(SendOrPostCallback d, object? state) => Queue.Post(d, state);

    public override void Dispose() => Queue.End();
}
