using Mjolnir.Core.Violations;

namespace Mjolnir.Core.Tests.Violations;

public sealed class AlarmsTests
{
    [Fact]
    public void A_violation_is_counted_each_time_and_is_new_once()
    {
        var alarms = new Alarms();
        var gap = new Violation(ViolationKind.VersionGap, "log s1.1", "version 3 behind 1");
        Assert.True(alarms.Raise(gap));
        Assert.False(alarms.Raise(gap));
        Assert.True(alarms.Raise(gap with { What = "version 9 behind 7" }));
        Assert.Equal((3, 0, 3), (alarms.CountOf(ViolationKind.VersionGap), alarms.CountOf(ViolationKind.BatchGap), alarms.Total));
        Assert.Equal("version 9 behind 7", alarms.Last?.What);
    }

    [Fact]
    public void However_many_there_are_the_newest_is_told_and_memory_is_bounded()
    {
        var alarms = new Alarms();
        Assert.All(Enumerable.Range(0, 5000), i => Assert.True(alarms.Raise(new Violation(ViolationKind.BrokenRule, "row", $"{i}"))));
    }

    [Theory]
    [InlineData(ViolationKind.VersionGap, "version_gap")]
    [InlineData(ViolationKind.RowMissingInStore, "row_missing_in_store")]
    [InlineData(ViolationKind.UnlabelledShard, "unlabelled_shard")]
    public void Kinds_are_named_in_small_letters(ViolationKind kind, string name) => Assert.Equal(name, Alarms.NameOf(kind));

    [Fact]
    public void Faults_say_which_rule_was_broken()
    {
        Assert.Equal(ViolationKind.BatchGap, Violation.Of("log", new InvariantException("gap", ViolationKind.BatchGap)).Kind);
        Assert.Equal(ViolationKind.DamagedData, Violation.Of("object", new CorruptDataException("damaged")).Kind);
        Assert.Equal(ViolationKind.BrokenRule, Violation.Of("lane", new InvalidOperationException("odd")).Kind);
        Assert.True(Violation.Is(new InvariantException("rule")));
        Assert.False(Violation.Is(new TimeoutException()));
    }
}
