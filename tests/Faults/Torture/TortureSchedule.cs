namespace Mjolnir.Faults.Tests.Torture;

/// <summary>Which faults come one after another, drawn from a seed: the same seed, the same faults. They are dealt like cards, so that every kind comes soon, and none is left out for long.</summary>
internal static class TortureSchedule
{
    /// <summary>Every fault there is, kills twice: they are what a cluster must bear above all.</summary>
    private static readonly (FaultKind Kind, FaultTarget Target)[] Deck = [.. Kills(), .. Kills(), .. Stops(), .. Cuts(), .. Damages(), (FaultKind.Scale, FaultTarget.Everything)];

    /// <summary>Faults without end.</summary>
    public static IEnumerable<TortureFault> Of(int seed)
    {
        var random = new Random(seed);
        while (true)
        {
            var cards = Deck.ToArray();
            random.Shuffle(cards);
            foreach (var (kind, target) in cards)
            {
                yield return new TortureFault(kind, target, Lasts(random, kind), random.NextDouble(), FaultLimits.TorturePause * random.NextDouble(), target != FaultTarget.Everything && random.Next(3) == 0);
            }
        }
    }

    /// <summary>Often a moment that nobody should notice, sometimes longer than it takes to replace a part.</summary>
    private static TimeSpan Lasts(Random random, FaultKind kind) =>
        (kind is not (FaultKind.Kill or FaultKind.Damage) && random.Next(2) == 0 ? FaultLimits.AMoment : FaultLimits.LongerThanTheSeal) * random.NextDouble();

    private static IEnumerable<(FaultKind Kind, FaultTarget Target)> Kills() => Enum.GetValues<FaultTarget>().Select(target => (FaultKind.Kill, target));

    private static IEnumerable<(FaultKind Kind, FaultTarget Target)> Stops() => Enum.GetValues<FaultTarget>().Where(target => target != FaultTarget.Everything).Select(target => (FaultKind.Stop, target));

    /// <summary>Queue and store are reached by the addresses that the configuration names, so a link can stand between.</summary>
    private static IEnumerable<(FaultKind Kind, FaultTarget Target)> Cuts() =>
        from kind in new[] { FaultKind.Cut, FaultKind.Silence, FaultKind.LostAnswers }
        from target in new[] { FaultTarget.Queue, FaultTarget.Store }
        select (kind, target);

    /// <summary>Where rows are kept; a message of a log that is damaged stops that log until an operator comes (docs/correctness.md, Damage).</summary>
    private static IEnumerable<(FaultKind Kind, FaultTarget Target)> Damages() =>
        new[] { FaultTarget.Cache1, FaultTarget.Cache2, FaultTarget.Store }.Select(target => (FaultKind.Damage, target));
}
