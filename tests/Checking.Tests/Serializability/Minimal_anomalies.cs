using Mjolnir.Checking.Histories;
using Mjolnir.Checking.Serializability;
using static Mjolnir.Checking.Histories.Access;
using static Mjolnir.Checking.Tests.Written;

namespace Mjolnir.Checking.Tests.Serializability;

/// <summary>The smallest history of each kind of anomaly, and one beside it that is right. Operations overlap unless the test is about time.</summary>
public class Minimal_anomalies
{
    [Fact]
    public void Nothing_at_all_is_strictly_serializable() => Assert.Empty(Check());

    [Fact]
    public void Two_lists_written_in_two_orders_are_G0() => Found("G0", Check(
        Committed("a", 0, 9, Append("x", 1), Append("y", 1)),
        Committed("b", 0, 9, Append("x", 2), Append("y", 2)),
        AtLast("c", ("x", [1, 2])),
        AtLast("d", ("y", [2, 1]))));

    [Fact]
    public void Two_lists_written_in_one_order_are_right() => Assert.Empty(Check(
        Committed("a", 0, 9, Append("x", 1), Append("y", 1)),
        Committed("b", 0, 9, Append("x", 2), Append("y", 2)),
        AtLast("c", ("x", [1, 2])),
        AtLast("d", ("y", [1, 2]))));

    [Fact]
    public void Seeing_what_was_refused_is_G1a() => Found("G1a", Check(
        Refused("a", 0, 9, Append("x", 1)),
        Committed("b", 0, 9, ReadList("x", 1))));

    [Fact]
    public void Seeing_a_version_that_was_refused_is_G1a() => Found("G1a", Check(
        Refused("a", 0, 9, Write("x", 1, 7)),
        Committed("b", 0, 9, Read("x", 1, 7))));

    [Fact]
    public void Seeing_the_first_of_two_appends_of_one_operation_is_G1b() => Found("G1b", Check(
        Committed("a", 0, 9, Append("x", 1), Append("x", 2)),
        Committed("b", 0, 9, ReadList("x", 1)),
        AtLast("c", ("x", [1, 2]))));

    [Fact]
    public void Seeing_the_first_of_two_versions_of_one_operation_is_G1b() => Found("G1b", Check(
        Committed("a", 0, 9, Write("x", 1, 7), Write("x", 2, 8)),
        Committed("b", 0, 9, Read("x", 1, 7))));

    [Fact]
    public void Seeing_each_other_is_G1c() => Found("G1c", Check(
        Committed("a", 0, 9, Append("x", 1), ReadList("y", 1)),
        Committed("b", 0, 9, Append("y", 1), ReadList("x", 1))));

    [Fact]
    public void Seeing_half_of_an_operation_is_G_single() => Found("G-single", Check(
        Committed("a", 0, 9, Append("x", 1), Append("y", 1)),
        Committed("b", 0, 9, ReadList("x", 1), ReadList("y")),
        AtLast("c", ("y", [1]))));

    [Fact]
    public void Seeing_half_of_an_operation_whose_other_half_nobody_saw_is_G_single() => Found("G-single", Check(
        Committed("a", 0, 9, Append("x", 1), Append("y", 1)),
        Committed("b", 0, 9, ReadList("x", 1), ReadList("y"))));

    [Fact]
    public void Seeing_half_of_an_operation_of_unknown_outcome_is_G_single() => Found("G-single", Check(
        Unknown("a", 0, Append("x", 1), Append("y", 1)),
        Committed("b", 0, 9, ReadList("x", 1), ReadList("y")),
        AtLast("c", ("y", [1]))));

    [Fact]
    public void Seeing_a_list_twice_with_an_append_between_is_G_single() => Found("G-single", Check(
        Committed("a", 0, 9, Append("x", 1)),
        Committed("b", 0, 9, ReadList("x"), ReadList("x", 1))));

    [Fact]
    public void Appending_behind_another_without_having_seen_it_is_a_lost_update() => Found("lost update", Check(
        Committed("a", 0, 9, ReadList("x"), Append("x", 1)),
        Committed("b", 0, 9, ReadList("x"), Append("x", 2)),
        AtLast("c", ("x", [1, 2]))));

    [Fact]
    public void Reading_one_state_and_appending_both_unseen_is_a_lost_update() => Found("lost update", Check(
        Committed("a", 0, 9, ReadList("x"), Append("x", 1)),
        Committed("b", 0, 9, ReadList("x"), Append("x", 2))));

    [Fact]
    public void Making_one_version_twice_is_a_lost_update() => Found("lost update", Check(
        Committed("a", 0, 9, Read("x", 0, 0), Write("x", 1, 10)),
        Committed("b", 0, 9, Read("x", 0, 0), Write("x", 1, 20))));

    [Fact]
    public void Write_skew_is_G2() => Found("G2", Check(
        Committed("a", 0, 9, ReadList("x"), Append("y", 1)),
        Committed("b", 0, 9, ReadList("y"), Append("x", 1)),
        AtLast("c", ("x", [1]), ("y", [1]))));

    [Fact]
    public void Write_skew_of_registers_is_G2() => Found("G2", Check(
        Committed("a", 0, 9, Read("x", 0, 0), Write("y", 1, 1)),
        Committed("b", 0, 9, Read("y", 0, 0), Write("x", 1, 1))));

    [Fact]
    public void Two_readers_who_see_two_writers_in_two_orders_are_G2() => Found("G2", Check(
        Committed("a", 0, 9, Append("x", 1)),
        Committed("b", 0, 9, Append("y", 1)),
        Committed("c", 0, 9, ReadList("x", 1), ReadList("y")),
        Committed("d", 0, 9, ReadList("x"), ReadList("y", 1))));

    [Fact]
    public void Writing_before_what_was_written_earlier_is_G0_realtime() => Found("G0-realtime", Check(
        Committed("a", 0, 1, Append("x", 1)),
        Committed("b", 2, 3, Append("x", 2)),
        AtLast("c", ("x", [2, 1]))));

    [Fact]
    public void Seeing_what_began_only_later_is_G1c_realtime() => Found("G1c-realtime", Check(
        Committed("a", 0, 1, ReadList("x", 1)),
        Committed("b", 2, 3, Append("x", 1))));

    [Fact]
    public void Not_seeing_what_was_acknowledged_is_G_single_realtime() => Found("G-single-realtime", Check(
        Committed("a", 0, 1, Append("x", 1)),
        Committed("b", 2, 3, ReadList("x")),
        AtLast("c", ("x", [1]))));

    [Fact]
    public void Never_seeing_what_was_acknowledged_is_G_single_realtime() => Found("G-single-realtime", Check(
        Committed("a", 0, 1, Append("x", 1)),
        AtLast("c", ("x", []))));

    [Fact]
    public void Not_seeing_a_version_that_was_acknowledged_is_G_single_realtime() => Found("G-single-realtime", Check(
        Committed("a", 0, 1, Write("x", 1, 5)),
        Committed("b", 2, 3, Read("x", 0, 0))));

    [Fact]
    public void Two_writers_seen_against_time_by_two_readers_are_G2_realtime() => Found("G2-realtime", Check(
        Committed("a", 0, 5, Append("x", 1)),
        Committed("b", 0, 100, Append("y", 1)),
        Committed("c", 0, 100, ReadList("y", 1), ReadList("x")),
        Committed("d", 10, 20, ReadList("y"))));

    [Fact]
    public void At_the_same_tick_nothing_is_before_the_other() => Assert.Empty(Check(
        Committed("a", 0, 2, Append("x", 1)),
        Committed("b", 2, 3, ReadList("x")),
        AtLast("c", ("x", [1]))));

    [Fact]
    public void Two_reads_of_which_none_is_the_beginning_of_the_other_are_incompatible() => Found("incompatible order", Check(
        Committed("a", 0, 9, Append("x", 1)),
        Committed("b", 0, 9, Append("x", 2)),
        Committed("c", 0, 9, ReadList("x", 1)),
        Committed("d", 0, 9, ReadList("x", 2))));

    [Fact]
    public void A_value_that_stands_in_a_list_twice_happened_twice() => Found("duplicate", Check(
        Committed("a", 0, 9, Append("x", 1)),
        Committed("b", 0, 9, ReadList("x", 1, 1))));

    [Fact]
    public void A_value_that_nobody_appended_is_a_phantom() => Found("phantom", Check(Committed("b", 0, 9, ReadList("x", 1))));

    [Fact]
    public void A_version_that_nobody_can_have_made_is_a_phantom() => Found("phantom", Check(
        Unknown("a", 0, WriteOfUnknownVersion("x")),
        Committed("b", 0, 9, Read("x", 1, 5)),
        Committed("c", 0, 9, Read("x", 2, 6))));

    [Fact]
    public void A_version_with_two_values_is_wrong() => Found("wrong value", Check(
        Committed("a", 0, 9, Write("x", 1, 5)),
        Committed("b", 0, 9, Read("x", 1, 6))));

    [Fact]
    public void Not_seeing_ones_own_append_is_internal() => Found("internal", Check(Committed("a", 0, 9, Append("x", 1), ReadList("x"))));

    [Fact]
    public void Seeing_ones_own_append_before_it_was_made_is_internal() => Found("internal", Check(Committed("a", 0, 9, ReadList("x", 1), Append("x", 1))));

    [Fact]
    public void Seeing_ones_own_append_is_right() => Assert.Empty(Check(
        Committed("a", 0, 9, ReadList("x"), Append("x", 1), ReadList("x", 1), Append("x", 2), ReadList("x", 1, 2)),
        Committed("b", 10, 11, ReadList("x", 1, 2), Append("x", 3), ReadList("x", 1, 2, 3))));

    [Fact]
    public void A_cycle_is_told_in_words_with_its_operations()
    {
        var told = Check(Committed("early", 0, 1, Append("x", 17)), Committed("late", 2, 3, ReadList("x"))).Single();

        Assert.Equal(
            """
            G-single-realtime: a cycle of 2 operations:
              late before early: it read x without what it wrote to x, unseen by all, which the other wrote
              early before late: it ended at 1, and the other began at 2
                late (client 0, 2..3, committed): read x = []
                early (client 0, 0..1, committed): append 17 to x
            """,
            told.ToString());
    }

    [Fact]
    public void A_key_that_is_list_and_register_cannot_be_checked() =>
        Assert.Throws<ArgumentException>(() => Check(Committed("a", 0, 9, Append("x", 1), Read("x", 0, 0))));

    [Fact]
    public void A_value_appended_twice_cannot_be_checked() =>
        Assert.Throws<ArgumentException>(() => Check(Committed("a", 0, 9, Append("x", 1)), Committed("b", 0, 9, Append("x", 1))));

    private static IReadOnlyList<Anomaly> Check(params Operation[] operations) => StrictSerializability.Check(new History(operations));

    private static void Found(string kind, IReadOnlyList<Anomaly> anomalies) => Assert.Contains(kind, anomalies.Select(anomaly => anomaly.Kind));
}
