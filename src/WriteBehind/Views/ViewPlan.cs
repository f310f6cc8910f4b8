using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;

namespace Mjolnir.WriteBehind.Views;

/// <summary>What is known of a shard of the latest view.</summary>
internal enum ShardHealth
{
    /// <summary>It bears its label, or is to be emptied anyway by the opening of the latest view.</summary>
    Good,

    /// <summary>It lost its memory, or what it holds cannot be trusted.</summary>
    Changed,

    /// <summary>It was not reached for longer than the limit.</summary>
    Gone,
}

/// <summary>A server with fresh beats and the shard that it offers.</summary>
/// <param name="Name">the V-stack's name, also the shard's</param>
/// <param name="Address">where the shard is</param>
/// <param name="IsReachable">the shard answers</param>
/// <param name="IsLeaving">the server asks that its shard be taken out</param>
internal sealed record OfferedShard(string Name, string? Address, bool IsReachable, bool IsLeaving);

/// <summary>Everything that decides whether there is to be another view, and which.</summary>
internal sealed record ViewCauses
{
    /// <summary>The newest view, opened or not; null before the first.</summary>
    public ClusterView? Latest { get; init; }

    /// <summary>The newest view that is active; null before the first.</summary>
    public ClusterView? Active { get; init; }

    /// <summary>By name, for shards of the latest view; one that is not named is good.</summary>
    public IReadOnlyDictionary<string, ShardHealth> Health { get; init; } = new Dictionary<string, ShardHealth>();

    /// <summary>Shards offered by servers with fresh beats.</summary>
    public IReadOnlyList<OfferedShard> Offered { get; init; } = [];

    /// <summary>A queue was lost: what shards hold above the cut is void, and nobody can tell which items these are.</summary>
    public bool IsAllChanged { get; init; }

    /// <summary>The latest view can never be opened: somebody else claimed that and did not end it, or it failed half way (V8).</summary>
    public bool NeedsHigher { get; init; }

    /// <summary>The logs that are live.</summary>
    public IReadOnlyList<string> Logs { get; init; } = [];
}

/// <summary>
/// Decides on the next view. Pure. A slot keeps its <c>Since</c> only if it stays on the same shard under the same label and was open there in the active view; everything else, what a later
/// and never opened view moved or labelled included, counts as moved or changed once more: its opener may wake up at any time and empty a shard, so its labels must never be used (V8),
/// and a slot that it moved away and back must not find its old items (V6).
/// </summary>
internal static class ViewPlan
{
    /// <summary>The next view, or null if the latest is right as it is, or nothing better can be made now.</summary>
    /// <param name="causes">what is known</param>
    /// <param name="newLabel">source of random labels</param>
    public static ClusterView? Next(ViewCauses causes, Func<string> newLabel)
    {
        var before = causes.Latest?.Shards ?? [];
        var stays = Staying(causes, before);
        var joins = Joining(causes, before, stays);
        if (stays.Count + joins.Count == 0 || !HasCause(causes, before, stays, joins))
        {
            return null;
        }

        var number = (causes.Latest?.Number ?? 0) + 1;
        var shards = stays.Select(shard => Described(causes, shard, newLabel)).Concat(joins.Select(offer => new ShardDescription(offer.Name, newLabel(), offer.Address))).ToArray();
        var owners = OwnersAfter(causes.Latest, shards);
        if (stays.Count < before.Count || joins.Count > 0)
        {
            SlotSpread.Even(owners, shards.Length);
        }

        return new ClusterView(number, shards, Ranges(causes, number, shards, owners), causes.Logs);
    }

    /// <summary>Indexes of the shards that opening this view empties and labels: those whose label the active view does not know.</summary>
    public static IReadOnlyList<int> ToOpen(ClusterView view, ClusterView? active)
    {
        var open = Labels(active);
        return [.. Enumerable.Range(0, view.Shards.Count).Where(i => !open.Contains(view.Shards[i].Label))];
    }

    private static List<ShardDescription> Staying(ViewCauses causes, IReadOnlyList<ShardDescription> before)
    {
        var reached = before.Where(shard => HealthOf(causes, shard) != ShardHealth.Gone).ToList();
        var wanted = reached.Where(shard => !causes.Offered.Any(offer => offer.Name == shard.Name && offer.IsLeaving)).ToList();

        // Somebody has to hold the slots: if all want to leave and nobody comes, they stay.
        return wanted.Count > 0 || causes.Offered.Any(IsWelcome) ? wanted : reached;
    }

    private static List<OfferedShard> Joining(ViewCauses causes, IReadOnlyList<ShardDescription> before, List<ShardDescription> stays)
    {
        // Two names for one shard would empty each other's: the first stays.
        var names = before.Where(shard => HealthOf(causes, shard) != ShardHealth.Gone).Select(shard => shard.Name).ToHashSet();
        var addresses = stays.Select(shard => shard.Address).OfType<string>().ToHashSet();
        return [.. causes.Offered.Where(IsWelcome).OrderBy(offer => offer.Name, StringComparer.Ordinal)
            .Where(offer => names.Add(offer.Name) && (offer.Address is null || addresses.Add(offer.Address)))];
    }

    private static bool IsWelcome(OfferedShard offer) => offer.IsReachable && !offer.IsLeaving;

    private static bool HasCause(ViewCauses causes, IReadOnlyList<ShardDescription> before, List<ShardDescription> stays, List<OfferedShard> joins) =>
        causes.Latest is null || causes.IsAllChanged || causes.NeedsHigher || joins.Count > 0 || stays.Count < before.Count
            || stays.Exists(shard => HealthOf(causes, shard) == ShardHealth.Changed || HasMoved(causes, shard));

    private static ShardHealth HealthOf(ViewCauses causes, ShardDescription shard) => causes.Health.GetValueOrDefault(shard.Name);

    private static bool HasMoved(ViewCauses causes, ShardDescription shard) =>
        causes.Offered.Any(offer => offer.Name == shard.Name && offer.IsReachable && offer.Address != shard.Address);

    private static ShardDescription Described(ViewCauses causes, ShardDescription shard, Func<string> newLabel)
    {
        var hasMoved = HasMoved(causes, shard);
        var keeps = !causes.IsAllChanged && !hasMoved && HealthOf(causes, shard) == ShardHealth.Good && Labels(causes.Active).Contains(shard.Label);
        return keeps ? shard
            : shard with { Label = newLabel(), Address = hasMoved ? causes.Offered.First(offer => offer.Name == shard.Name).Address : shard.Address };
    }

    private static HashSet<string> Labels(ClusterView? view) => view?.Shards.Select(shard => shard.Label).ToHashSet() ?? [];

    private static int[] OwnersAfter(ClusterView? latest, ShardDescription[] shards)
    {
        var owners = new int[Slots.Count];
        Array.Fill(owners, SlotSpread.Nobody);
        foreach (var range in latest?.Slots ?? [])
        {
            Array.Fill(owners, Array.FindIndex(shards, shard => shard.Name == latest!.Shards[range.Shard].Name), range.First, range.Last - range.First + 1);
        }

        return owners;
    }

    private static List<SlotRange> Ranges(ViewCauses causes, long number, ShardDescription[] shards, int[] owners)
    {
        var before = new SlotRange?[Slots.Count];
        foreach (var range in causes.Latest?.Slots ?? [])
        {
            Array.Fill(before, range, range.First, range.Last - range.First + 1);
        }

        var ranges = new List<SlotRange>();
        for (var slot = 0; slot < Slots.Count; slot++)
        {
            var since = SinceOf(before[slot]);
            if (ranges is [.., var last] && last.Shard == owners[slot] && last.Since == since)
            {
                ranges[^1] = last with { Last = slot };
            }
            else
            {
                ranges.Add(new SlotRange(slot, slot, owners[slot], since));
            }

            long SinceOf(SlotRange? was) =>
                was is not null && was.Since <= (causes.Active?.Number ?? 0) && causes.Latest!.Shards[was.Shard].Label == shards[owners[slot]].Label ? was.Since : number;
        }

        return ranges;
    }
}
