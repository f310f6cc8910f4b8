using Mjolnir.Checking.Histories;
using Mjolnir.Checking.Serializability;
using static Mjolnir.Checking.Histories.Access;
using static Mjolnir.Checking.Tests.Written;

namespace Mjolnir.Checking.Tests.Serializability;

/// <summary>An operation that was never answered may have happened at any time after it was sent, or not at all.</summary>
public class Unknown_outcomes
{
    [Fact]
    public void It_may_not_have_happened() => Assert.Empty(Check(Unknown("a", 0, Append("x", 1)), AtLast("b", ("x", []))));

    [Fact]
    public void It_may_have_happened() => Assert.Empty(Check(Unknown("a", 0, Append("x", 1)), AtLast("b", ("x", [1]))));

    [Fact]
    public void It_may_happen_long_after_it_was_sent() => Assert.Empty(Check(
        Unknown("a", 0, Append("x", 1)),
        Committed("b", 10, 11, ReadList("x")),
        Committed("c", 12, 13, ReadList("x", 1))));

    [Fact]
    public void It_does_not_happen_and_then_not() => Assert.NotEmpty(Check(
        Unknown("a", 0, Append("x", 1)),
        Committed("b", 10, 11, ReadList("x", 1)),
        Committed("c", 12, 13, ReadList("x"))));

    [Fact]
    public void It_does_not_happen_before_it_was_sent() => Assert.NotEmpty(Check(
        Committed("b", 10, 11, ReadList("x", 1)),
        Unknown("a", 20, Append("x", 1))));

    [Fact]
    public void The_version_of_a_register_that_it_made_stands_between_its_neighbours() => Assert.Empty(Check(
        Committed("a", 0, 9, Read("x", 0, 0), Write("x", 1, 10)),
        Unknown("b", 0, WriteOfUnknownVersion("x")),
        Committed("c", 10, 19, Read("x", 2, 25), Write("x", 3, 30)),
        Committed("d", 20, 29, Read("x", 3, 30))));

    [Fact]
    public void Behind_the_version_that_it_made_there_is_no_way_back() => Assert.NotEmpty(Check(
        Committed("a", 0, 9, Read("x", 0, 0), Write("x", 1, 10)),
        Unknown("b", 0, WriteOfUnknownVersion("x")),
        Committed("c", 10, 19, Read("x", 2, 25)),
        Committed("d", 20, 29, Read("x", 1, 10))));

    private static IReadOnlyList<Anomaly> Check(params Operation[] operations) => StrictSerializability.Check(new History(operations));
}
