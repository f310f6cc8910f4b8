using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Faults;

/// <summary>What a storm is made of.</summary>
internal enum StormKind
{
    /// <summary>No storm: of everything a little.</summary>
    None,

    /// <summary>Servers that nobody hears, messages that enter their queue seconds late: logs of the living are sealed.</summary>
    Silence,

    /// <summary>Servers that nobody hears, or that stand still, while slots move; most calls only read.</summary>
    Movement,

    /// <summary>Shards that are emptied.</summary>
    Flushes,

    /// <summary>Connections to shards that are cut, and what was on them comes late.</summary>
    Lines,

    /// <summary>Servers' answers that are lost.</summary>
    Answers,

    /// <summary>A store that does not answer, workers that die.</summary>
    Store,

    /// <summary>Shards that lose their memory, and two keepers of the view at once.</summary>
    Keepers,

    /// <summary>Queues that are lost with their messages.</summary>
    Losses,

    /// <summary>The opposite: nothing fails or is late, and everybody wants the same rows. No log may be sealed then: whoever waits, waits for somebody who gets on (W10).</summary>
    Calm,
}

/// <summary>Much of one kind of trouble, in six of ten seeds, and none at all in one of twenty: rules whose breach takes several things at once are met there. Drawn apart, so that the other seeds are what they were.</summary>
internal sealed record Storm
{
    private static readonly long[] Digits = [2, 3, 4, 5, 7, 8];

    /// <summary>A loss takes seconds to be found and mended: there must be something to do before, during and after it.</summary>
    private const int SlowerInLosses = 8;

    public StormKind Kind { get; private init; }

    /// <summary>How often the outcome of something is lost on its way back.</summary>
    public double Loss { get; private init; }

    /// <summary>How long clients think.</summary>
    public TimeSpan Thinking { get; private init; }

    public int Stacks { get; private init; }

    /// <summary>The longest that a message takes into its queue.</summary>
    public TimeSpan SlowestConfirm { get; private init; }

    public bool IsOn => Kind != StormKind.None;

    public static Storm Of(long seed)
    {
        var dice = new SimulationDice(seed, "storm");
        return Array.IndexOf(Digits, seed % 10) < 0 && !IsCalm(seed)
            ? new Storm()
            : new Storm
            {
                Kind = KindOf(seed, dice),
                Loss = dice.Pick([0.01, 0.03, 0.1]),
                Thinking = IsCalm(seed) ? TimeSpan.FromMilliseconds(dice.Between(1, 8)) : TimeSpan.FromMilliseconds(dice.Between(5, 80)) * (seed % 10 == 8 ? SlowerInLosses : 1),
                Stacks = dice.Between(2, 4),
                SlowestConfirm = TimeSpan.FromSeconds(dice.Pick([2, 6])),
            };
    }

    private static bool IsCalm(long seed) => seed % 20 == 19;

    private static StormKind KindOf(long seed, SimulationDice dice) => (seed % 10) switch
    {
        4 => StormKind.Keepers,
        8 => StormKind.Losses,
        9 => StormKind.Calm,
        _ => (StormKind)dice.Between(1, (int)StormKind.Store),
    };

    /// <summary>Makes the weather worse; a calm takes all of it away.</summary>
    public void Blow(Weather weather)
    {
        switch (Kind)
        {
            case StormKind.Silence:
                (weather.SlowQueue, weather.SlowestConfirm) = (Loss, SlowestConfirm);
                break;
            case StormKind.Lines:
                weather.CutLine = Loss / 2;
                break;
            case StormKind.Answers:
                weather.LostAnswer = Loss;
                break;
            case StormKind.Calm:
                weather.MakeFair(Weather.Kinds.ToHashSet(StringComparer.Ordinal));
                break;
            case StormKind.Store:
                weather.StoreError = 0.05 + Loss;
                break;
        }
    }
}
