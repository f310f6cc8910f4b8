using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.WriteBehind.Views;

namespace Mjolnir.WriteBehind.Tests.Views;

public sealed class ViewPlanTests
{
    private int _labels;

    [Fact]
    public void The_first_view_holds_every_shard_that_is_offered_and_reached()
    {
        var view = Next(new ViewCauses { Offered = [Offer("s2"), Offer("s1"), Offer("s3") with { IsReachable = false }] })!;
        Assert.Equal(1, view.Number);
        Assert.Equal(["s1", "s2"], view.Shards.Select(shard => shard.Name));
        Assert.Equal(["at s1", "at s2"], view.Shards.Select(shard => shard.Address));
        Assert.Equal([(0, 2047, 0, 1L), (2048, 4095, 1, 1L)], view.Slots.Select(range => (range.First, range.Last, range.Shard, range.Since)));
    }

    [Fact]
    public void Nothing_is_planned_without_a_shard_or_without_a_cause()
    {
        Assert.Null(Next(new ViewCauses()));
        var active = View("s1", "s2");
        Assert.Null(Next(Causes(active)));
        Assert.Null(Next(Causes(active) with { Offered = [Offer("s1"), Offer("s2"), Offer("s3") with { IsReachable = false }] }));
    }

    [Fact]
    public void A_changed_shard_gets_a_new_label_and_keeps_its_slots_under_a_new_prefix()
    {
        var active = View("s1", "s2");
        var view = Next(Causes(active) with { Health = Health("s2", ShardHealth.Changed) })!;
        Assert.Equal(active.Shards[0], view.Shards[0]);
        Assert.NotEqual(active.Shards[1].Label, view.Shards[1].Label);
        Assert.Equal([(0, 2047, 0, 1L), (2048, 4095, 1, 2L)], view.Slots.Select(range => (range.First, range.Last, range.Shard, range.Since)));
        Assert.Equal([1], ViewPlan.ToOpen(view, active));
    }

    [Fact]
    public void The_slots_of_a_shard_that_is_gone_spread_over_the_others_which_are_not_emptied()
    {
        var active = View("s1", "s2", "s3");
        var view = Next(Causes(active) with { Health = Health("s2", ShardHealth.Gone) })!;
        Assert.Equal(["s1", "s3"], view.Shards.Select(shard => shard.Name));
        Assert.Empty(ViewPlan.ToOpen(view, active));
        Assert.Equal([2048, 2048], Counts(view));
        AssertKept(active, view, moved: 1365);
    }

    [Fact]
    public void The_only_shard_is_waited_for_when_it_is_gone()
    {
        var active = View("s1");
        Assert.Null(Next(Causes(active) with { Health = Health("s1", ShardHealth.Gone) }));
        Assert.NotNull(Next(Causes(active) with { Health = Health("s1", ShardHealth.Changed) }));
        Assert.NotNull(Next(Causes(active) with { Health = Health("s1", ShardHealth.Gone), Offered = [Offer("s2")] }));
    }

    [Fact]
    public void A_shard_that_joins_gets_its_share_from_the_largest_and_only_that_moves()
    {
        var active = View("s1", "s2", "s3");
        var view = Next(Causes(active) with { Offered = [Offer("s4")] })!;
        Assert.Equal([1024, 1024, 1024, 1024], Counts(view));
        Assert.Equal([3], ViewPlan.ToOpen(view, active));
        AssertKept(active, view, moved: 1024);
    }

    [Fact]
    public void A_leaving_shard_hands_its_slots_over_unless_it_is_the_last()
    {
        var active = View("s1", "s2");
        var view = Next(Causes(active) with { Offered = [Offer("s1"), Offer("s2") with { IsLeaving = true }] })!;
        Assert.Equal(["s1"], view.Shards.Select(shard => shard.Name));
        AssertKept(active, view, moved: 2048);
        Assert.Null(Next(Causes(active) with { Offered = [Offer("s1") with { IsLeaving = true }, Offer("s2") with { IsLeaving = true }] }));
    }

    [Fact]
    public void A_shard_offered_at_another_address_is_a_changed_one()
    {
        var active = View("s1", "s2");
        var view = Next(Causes(active) with { Offered = [Offer("s2") with { Address = "elsewhere" }] })!;
        Assert.Equal("elsewhere", view.Shards[1].Address);
        Assert.Equal([1], ViewPlan.ToOpen(view, active));
    }

    [Fact]
    public void Two_names_for_one_shard_do_not_both_join()
    {
        var view = Next(new ViewCauses { Offered = [Offer("s1"), Offer("s2") with { Address = "at s1" }] })!;
        Assert.Equal(["s1"], view.Shards.Select(shard => shard.Name));
        Assert.Null(Next(Causes(view) with { Offered = [Offer("s3") with { Address = "at s1" }] }));
    }

    [Fact]
    public void V8_what_a_view_that_was_never_opened_labelled_or_moved_is_labelled_and_moved_once_more()
    {
        var active = View("s1", "s2");
        var never = Next(Causes(active) with { Health = Health("s2", ShardHealth.Changed), Offered = [Offer("s3")] })!;
        var view = Next(new ViewCauses { Latest = never, Active = active, NeedsHigher = true })!;
        Assert.Equal(3, view.Number);
        Assert.Equal(active.Shards[0].Label, view.Shards[0].Label);
        Assert.Empty(view.Shards.Skip(1).Select(shard => shard.Label).Intersect(never.Shards.Select(shard => shard.Label)));
        Assert.All(view.Slots, range => Assert.Equal(range.Shard == 0 ? 1 : 3, range.Since));
        Assert.Equal([1, 2], ViewPlan.ToOpen(view, active));
    }

    [Fact]
    public void V6_a_slot_that_a_never_opened_view_moved_away_comes_back_under_a_new_prefix()
    {
        var active = View("s1", "s2");
        var never = Next(Causes(active) with { Health = Health("s2", ShardHealth.Gone) })!;
        var view = Next(new ViewCauses { Latest = never, Active = active, Offered = [Offer("s1"), Offer("s2")] })!;
        Assert.Equal(["s1", "s2"], view.Shards.Select(shard => shard.Name));
        Assert.DoesNotContain(view.Shards[1].Label, active.Shards.Select(shard => shard.Label));
        Assert.All(Slots4096().Where(slot => RangeOf(never, slot).Since == 2), slot => Assert.Equal(3, RangeOf(view, slot).Since));
        Assert.All(Slots4096().Where(slot => RangeOf(active, slot).Shard == 0 && RangeOf(view, slot).Shard == 0), slot => Assert.Equal(1, RangeOf(view, slot).Since));
    }

    [Fact]
    public void After_the_loss_of_a_queue_every_shard_is_changed()
    {
        var active = View("s1", "s2");
        var view = Next(Causes(active) with { IsAllChanged = true })!;
        Assert.Equal([0, 1], ViewPlan.ToOpen(view, active));
        Assert.All(view.Slots, range => Assert.Equal(2, range.Since));
    }

    [Fact]
    public void Leftovers_are_what_a_shard_had_before_and_has_no_more_while_it_keeps_its_label()
    {
        var first = View("s1", "s2");
        var second = Next(Causes(first) with { Offered = [Offer("s3")] })!;
        var third = Next(Causes(second) with { Health = Health("s3", ShardHealth.Gone) })!;
        var lost = Leftovers.Of(third, [second, first]);
        Assert.All(lost, range => Assert.Equal(1, range.Since));
        foreach (var slot in Slots4096())
        {
            // What went to s3 and came back stands twice: under the old prefix, which is to be deleted, and under the new.
            Assert.Equal(RangeOf(third, slot).Since == 1 ? 0 : 1, lost.Count(range => range.First <= slot && slot <= range.Last));
        }

        Assert.Empty(Leftovers.Of(first, []));
        Assert.Empty(Leftovers.Of(Next(Causes(first) with { IsAllChanged = true })!, [first]));
    }

    /// <summary>Joins, leaves, losses and views that are never opened in random order: the rules hold for each view against the one before and against the active one.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void In_any_order_of_events_every_view_keeps_the_rules(int seed)
    {
        var random = new Random(seed);
        var names = Enumerable.Range(1, 9).Select(i => $"s{i}").ToArray();
        var history = new List<ClusterView>();
        ClusterView? active = null;
        for (var step = 0; step < 120; step++)
        {
            var latest = history.LastOrDefault();
            var causes = new ViewCauses
            {
                Latest = latest,
                Active = active,
                Health = (latest?.Shards ?? []).ToDictionary(shard => shard.Name, _ => random.Next(8) switch { 0 => ShardHealth.Changed, 1 => ShardHealth.Gone, _ => ShardHealth.Good }),
                Offered = [.. names.Where(_ => random.Next(3) > 0).Select(name => Offer(name) with { IsReachable = random.Next(4) > 0, IsLeaving = random.Next(6) == 0 })],
                IsAllChanged = random.Next(20) == 0,
                NeedsHigher = random.Next(10) == 0,
            };
            if (Next(causes) is not { } view)
            {
                continue;
            }

            AssertRules(causes, view, history);
            history.Add(view);
            active = random.Next(3) > 0 ? view : active;
        }

        Assert.True(history.Count > 40, $"seed {seed} made {history.Count} views");
    }

    private static void AssertRules(ViewCauses causes, ClusterView view, List<ClusterView> history)
    {
        // The codec refuses a view that does not give every slot to one shard.
        Assert.NotEmpty(ViewCodec.Encode(view));
        Assert.Equal((causes.Latest?.Number ?? 0) + 1, view.Number);
        Assert.Equal(view.Shards.Count, view.Shards.Select(shard => shard.Name).Distinct().Count());
        var counts = Counts(view);
        var sameShards = causes.Latest is not null && causes.Latest.Shards.Select(shard => shard.Name).SequenceEqual(view.Shards.Select(shard => shard.Name));
        Assert.True(sameShards || counts.Max() - counts.Min() <= 1, "the slots are not spread evenly");
        var fresh = ViewPlan.ToOpen(view, causes.Active).ToHashSet();

        // No label but an active view's is ever used again.
        Assert.All(fresh, shard => Assert.DoesNotContain(view.Shards[shard].Label, history.SelectMany(each => each.Shards).Select(each => each.Label)));
        foreach (var slot in Slots4096())
        {
            var now = RangeOf(view, slot);
            var isKept = now.Since != view.Number;
            if (isKept)
            {
                var before = RangeOf(causes.Active!, slot);
                Assert.Equal(before.Since, now.Since);
                Assert.Equal(causes.Active!.Shards[before.Shard].Label, view.Shards[now.Shard].Label);
                Assert.All(history.Where(each => each.Number > causes.Active.Number), each => Assert.Equal(now.Since, RangeOf(each, slot).Since));
            }

            Assert.False(isKept && fresh.Contains(now.Shard), "a shard that is emptied keeps a range");
        }
    }

    private static void AssertKept(ClusterView before, ClusterView after, int moved)
    {
        var changed = Slots4096().Count(slot => Named(before, slot) != Named(after, slot));
        Assert.Equal(moved, changed);
        Assert.All(Slots4096(), slot => Assert.Equal(Named(before, slot) == Named(after, slot) ? RangeOf(before, slot).Since : after.Number, RangeOf(after, slot).Since));
    }

    private static string Named(ClusterView view, int slot) => view.Shards[RangeOf(view, slot).Shard].Name;

    private static IEnumerable<int> Slots4096() => Enumerable.Range(0, Slots.Count);

    private static SlotRange RangeOf(ClusterView view, int slot) => view.Slots.First(range => range.First <= slot && slot <= range.Last);

    private static int[] Counts(ClusterView view) =>
        [.. Enumerable.Range(0, view.Shards.Count).Select(shard => view.Slots.Where(range => range.Shard == shard).Sum(range => range.Last - range.First + 1))];

    private static OfferedShard Offer(string name) => new(name, $"at {name}", true, false);

    private static Dictionary<string, ShardHealth> Health(string name, ShardHealth health) => new() { [name] = health };

    private static ViewCauses Causes(ClusterView active) => new() { Latest = active, Active = active };

    private ClusterView? Next(ViewCauses causes) => ViewPlan.Next(causes, () => $"label{++_labels}");

    private ClusterView View(params string[] names) => Next(new ViewCauses { Offered = [.. names.Select(Offer)] })!;
}
