using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Logs;

/// <summary>A message in a queue.</summary>
/// <param name="Body">empty for a seal marker</param>
/// <param name="IsSeal">a seal marker</param>
internal readonly record struct QueuedMessage(ReadOnlyMemory<byte> Body, bool IsSeal);

/// <summary>One durable queue of the broker: what entered it in order, how far it is acknowledged, and who consumes it.</summary>
internal sealed class SimulatedQueue(string log, SimulationLoop loop)
{
    private readonly List<SimulatedConsumer> _consumers = [];

    public string Log => log;

    /// <summary>All that ever entered, also what is acknowledged: the judge reads it, the broker's users cannot.</summary>
    public List<QueuedMessage> Messages { get; } = [];

    /// <summary>So many from the front are acknowledged.</summary>
    public int Acknowledged { get; private set; }

    public bool IsBound { get; set; } = true;

    public bool IsGone { get; private set; }

    /// <summary>Several consumers are active at once, as on a queue that was declared wrongly (W2).</summary>
    public bool IsShared { get; init; }

    public void Enter(QueuedMessage message)
    {
        if (!IsGone)
        {
            Messages.Add(message);
            loop.Trace.Line("broker", $"{log} #{Messages.Count} {(message.IsSeal ? "SEAL" : $"{message.Body.Length} bytes")}");
            Wake();
        }
    }

    public void Join(SimulatedConsumer consumer)
    {
        consumer.Next = Acknowledged;
        _consumers.Add(consumer);
        Wake();
    }

    /// <summary>What it did not acknowledge goes to the next, in order.</summary>
    public void Leave(SimulatedConsumer consumer)
    {
        var wasActive = IsActive(consumer);
        if (!_consumers.Remove(consumer) || !wasActive)
        {
            return;
        }

        // Of ordinary consumers each gets what the one that left did not acknowledge; one that stood by becomes the active one.
        foreach (var next in IsShared ? _consumers : _consumers.Take(1))
        {
            next.Next = Acknowledged;
        }

        Wake();
    }

    public bool IsActive(SimulatedConsumer consumer) => _consumers.Count > 0 && (IsShared || _consumers[0] == consumer);

    /// <summary>Each of several consumers gets what no other got.</summary>
    public int NextFor(SimulatedConsumer consumer) => IsShared ? _consumers.Max(each => each.Next) : consumer.Next;

    public void Acknowledge(int count) => Acknowledged = Math.Max(Acknowledged, count);

    public void Wake()
    {
        foreach (var consumer in _consumers.ToArray())
        {
            if (IsActive(consumer))
            {
                consumer.Deliver();
            }
        }
    }

    /// <summary>The broker takes its active consumer for dead, or closes its channel.</summary>
    public void DropConsumer()
    {
        if (_consumers.Count > 0)
        {
            _consumers[0].Lose("the channel was closed");
        }
    }

    /// <summary>Deleted, or lost with its messages.</summary>
    public void Remove()
    {
        IsGone = true;
        IsBound = false;
        foreach (var consumer in _consumers.ToArray())
        {
            consumer.Lose("the queue is gone");
        }
    }
}
