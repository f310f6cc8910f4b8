using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Faults;

/// <summary>What messages meet on their way, in this run; drawn from its seed, so that each run has other troubles.</summary>
internal sealed class Weather
{
    /// <summary>Nothing is lost or late.</summary>
    public static Weather Fair => new() { IsFair = true };

    /// <summary>What can be bad about it, by name.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        [nameof(Slow), nameof(SplitPass), nameof(Late), nameof(CutLine), nameof(StoreError), nameof(UnknownPublish), nameof(SlowQueue), nameof(RefusedPublish), nameof(LostNotice), nameof(LostAnswer)];

    private static readonly TimeSpan LatestEffect = TimeSpan.FromSeconds(3);

    /// <summary>The longest that a routed message takes into its queue.</summary>
    public TimeSpan SlowestConfirm { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>No late effects.</summary>
    public bool IsFair { get; set; }

    /// <summary>Usual time of one way.</summary>
    public TimeSpan Way { get; init; } = TimeSpan.FromMicroseconds(200);

    /// <summary>How often a message takes far longer.</summary>
    public double Slow { get; set; }

    /// <summary>The longest that such a message takes.</summary>
    public TimeSpan SlowWay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often a pass is not executed at once.</summary>
    public double SplitPass { get; set; }

    /// <summary>How often what was cut off arrives all the same, late.</summary>
    public double Late { get; set; }

    /// <summary>How often a message is cut off with its connection.</summary>
    public double CutLine { get; set; }

    /// <summary>How often the store answers with an error; half of the times it did what was asked.</summary>
    public double StoreError { get; set; }

    /// <summary>How often the outcome of a publish is unknown.</summary>
    public double UnknownPublish { get; set; }

    /// <summary>How often a message that was routed enters its queue seconds later.</summary>
    public double SlowQueue { get; set; }

    /// <summary>How often a publish is refused (a full disk).</summary>
    public double RefusedPublish { get; set; }

    /// <summary>How often a notice is lost.</summary>
    public double LostNotice { get; set; }

    /// <summary>How often a server's answer does not reach its client.</summary>
    public double LostAnswer { get; set; }

    public TimeSpan Delay(SimulationLoop loop)
    {
        var dice = loop.Network;
        var ticks = (Way.Ticks / 2) + dice.Below((int)Way.Ticks);
        return TimeSpan.FromTicks(dice.Chance(Slow) ? ticks + (long)(SlowWay.Ticks * dice.Fraction()) : ticks);
    }

    /// <summary>When what was cut off arrives all the same; null: never.</summary>
    public TimeSpan? LateEffect(SimulationLoop loop)
    {
        var dice = loop.Network;
        if (IsFair || !dice.Chance(Late))
        {
            return null;
        }

        return dice.Chance(0.5) ? TimeSpan.FromTicks(dice.Below(200_000)) : LatestEffect * dice.Fraction();
    }

    /// <summary>Leaves out these kinds.</summary>
    public void MakeFair(IReadOnlySet<string> kinds)
    {
        double Unless(string kind, double rate) => kinds.Contains(kind) ? 0 : rate;
        (Slow, SplitPass, Late) = (Unless(nameof(Slow), Slow), Unless(nameof(SplitPass), SplitPass), Unless(nameof(Late), Late));
        (CutLine, StoreError, LostNotice) = (Unless(nameof(CutLine), CutLine), Unless(nameof(StoreError), StoreError), Unless(nameof(LostNotice), LostNotice));
        (UnknownPublish, SlowQueue, RefusedPublish) = (Unless(nameof(UnknownPublish), UnknownPublish), Unless(nameof(SlowQueue), SlowQueue), Unless(nameof(RefusedPublish), RefusedPublish));
        LostAnswer = Unless(nameof(LostAnswer), LostAnswer);
    }

    /// <summary>All is well from now on; what is on its way comes as it would have.</summary>
    public void Clear() => (Slow, CutLine, StoreError, UnknownPublish, SlowQueue, RefusedPublish, LostNotice, LostAnswer) = (0, 0, 0, 0, 0, 0, 0, 0);
}
