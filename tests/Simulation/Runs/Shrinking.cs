namespace Mjolnir.Simulation.Tests.Runs;

/// <summary>Looks for a shorter run of a seed that fails too: what can be left out of a failure has nothing to do with it.</summary>
/// <param name="seed">a seed that fails</param>
/// <param name="rule">without this rule; null: all hold</param>
internal sealed class Shrinking(long seed, string? rule)
{
    private Shortening _best = new();

    /// <summary>Runs tried.</summary>
    public int Runs { get; private set; }

    /// <summary>What the shortest run that was found fails with; null if the seed does not fail.</summary>
    public string? Failure { get; private set; }

    /// <summary>The shortest run found; what is left out one after the other, each only if the run still fails.</summary>
    public Shortening Shrink()
    {
        if (!Try(_best, out var run))
        {
            return _best;
        }

        var (operations, faults) = (run.Settings.Operations, run.Troubles.Count);
        Lower(operations, fewer => _best with { Operations = fewer });
        Lower(faults, fewer => _best with { Faults = fewer });
        for (var fault = (_best.Faults ?? faults) - 1; fault >= 0; fault--)
        {
            Try(_best with { Skipped = new SortedSet<int>(_best.Skipped) { fault } }, out _);
        }

        foreach (var kind in Shortening.Kinds)
        {
            Try(_best with { Fair = new SortedSet<string>(_best.Fair, StringComparer.Ordinal) { kind } }, out _);
        }

        return _best;
    }

    /// <summary>Halves a count for as long as the run fails, and then takes away ever smaller parts of what is left.</summary>
    private void Lower(int count, Func<int, Shortening> with)
    {
        for (var step = count; step > 0; step /= 2)
        {
            while (count - step >= 0 && Try(with(count - step), out _))
            {
                count -= step;
            }
        }
    }

    private bool Try(Shortening shorter, out SimulationRun run)
    {
        Runs++;
        run = new SimulationRun(seed, rules: rule is null ? null : RuleSwitch.Without(rule), shortening: shorter);
        if (run.Run() is not { } failure)
        {
            return false;
        }

        (_best, Failure) = (shorter, failure);
        return true;
    }
}
