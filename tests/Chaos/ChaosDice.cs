namespace Mjolnir.Chaos;

/// <summary>How often an operation's answer is lost; each number is a share between 0 and 1 of all operations.</summary>
/// <param name="Lost">lost, and nothing was done</param>
/// <param name="Done">lost, and it was done</param>
/// <param name="Late">lost, and it is done before one of the next operations</param>
public sealed record ChaosRates(double Lost = 0, double Done = 0, double Late = 0);

/// <summary>Seeded chance: the same seed and the same order of operations give the same faults. Used by one wrapper, or shared by several on one thread.</summary>
public sealed class ChaosDice(Random random, ChaosRates rates)
{
    // A late operation comes after each of the next ones with this chance: after two on average.
    private const double LateArrival = 0.5;
    private readonly Lock _lock = new();
    private readonly Queue<Func<Task>> _late = new();

    /// <summary>Whether this operation's answer is lost, and with which effect; null if all is well.</summary>
    internal ChaosEffect? Roll()
    {
        lock (_lock)
        {
            var roll = random.NextDouble();
            return roll < rates.Lost ? ChaosEffect.None
                : roll < rates.Lost + rates.Done ? ChaosEffect.Done
                : roll < rates.Lost + rates.Done + rates.Late ? ChaosEffect.Later
                : null;
        }
    }

    /// <summary>A place in a pass of this length.</summary>
    internal int Place(int count)
    {
        lock (_lock)
        {
            return random.Next(count);
        }
    }

    internal async Task ApplyAsync(ChaosEffect effect, Func<Task> act)
    {
        if (effect == ChaosEffect.Done)
        {
            await act();
        }
        else if (effect == ChaosEffect.Later)
        {
            lock (_lock)
            {
                _late.Enqueue(act);
            }
        }
    }

    /// <summary>Lets late operations arrive, some of them.</summary>
    internal async Task ArriveLateAsync()
    {
        while (NextLate() is { } act)
        {
            await act();
        }
    }

    private Func<Task>? NextLate()
    {
        lock (_lock)
        {
            return _late.Count > 0 && random.NextDouble() < LateArrival ? _late.Dequeue() : null;
        }
    }
}
