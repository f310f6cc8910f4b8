using Mjolnir.Simulation.Tests.Faults;
using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Runs;

/// <summary>What a seed makes of a run.</summary>
internal sealed record SimulationSettings
{
    public int Stacks { get; init; }

    public int Clients { get; init; }

    public int Operations { get; init; } = 220;

    public TimeSpan Thinking { get; init; }

    public Weather Weather { get; init; } = Weather.Fair;

    public Storm Storm { get; init; } = new();

    public static SimulationSettings Of(long seed)
    {
        var dice = new SimulationDice(seed, "settings");
        var settings = new SimulationSettings
        {
            Stacks = dice.Between(1, 4),
            Clients = dice.Between(4, 16),
            Thinking = TimeSpan.FromMilliseconds(dice.Between(20, 400)),
            Weather = new Weather
            {
                Way = TimeSpan.FromMicroseconds(dice.Between(50, 1500)),
                Slow = dice.Pick([0, 0.01, 0.05]),
                SlowWay = TimeSpan.FromMilliseconds(dice.Pick([20, 100, 700])),
                SplitPass = dice.Pick([0, 0.1, 0.5]),
                Late = dice.Fraction(),
            },
        };
        var storm = Storm.Of(seed);
        return storm.IsOn ? settings with { Storm = storm, Stacks = storm.Stacks, Thinking = storm.Thinking } : settings;
    }
}
