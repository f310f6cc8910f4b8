using Mjolnir.Checking.Logs;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;

namespace Mjolnir.Checking.Tests.Logs;

/// <summary>Two logs that write one row in turn, and everything that can be wrong with them.</summary>
public class Replayed_logs
{
    private static readonly Dictionary<string, long> NoEnds = [];
    private static readonly Batch A1 = Batch("a.1", 1, [], Row("x", 1, 10));
    private static readonly Batch B1 = Batch("b.1", 1, [new Stamp("a.1", 1)], Row("x", 2, 20));
    private static readonly Batch A2 = Batch("a.1", 2, [new Stamp("b.1", 1)], Row("x", 3, 30), Row("y", 1, 1));

    [Fact]
    public void Are_right() => Assert.Empty(Versions(A1, B1, A2));

    [Fact]
    public void May_be_delivered_again() => Assert.Empty(Versions(A1, B1, A2, A1, B1));

    [Fact]
    public void Lack_a_batch() => Assert.Equal(["batch gap", "version gap"], Versions(A2, B1));

    [Fact]
    public void Lack_a_batch_before_their_end() => Assert.Equal(["batch gap"], Kinds(DurableLogs.Of([A1], new Dictionary<string, long> { ["a.1"] = 2 }).Anomalies));

    [Fact]
    public void Have_two_batches_of_one_number() => Assert.Equal(["batch twice"], Versions(A1, A1 with { Records = [Row("x", 1, 11)] }));

    [Fact]
    public void Skip_a_version() => Assert.Equal(["version gap"], Versions(A1, B1 with { Records = [Row("x", 3, 20)] }));

    [Fact]
    public void Use_a_version_twice() => Assert.Equal(["version twice"], Versions(A1, B1 with { Records = [Row("x", 1, 20)] }));

    [Fact]
    public void End_at_their_watermark() => Assert.Empty(Versions(DurableLogs.Of([A1, B1, A2, Batch("b.1", 2, [], Row("x", 3, 40))], new Dictionary<string, long> { ["b.1"] = 1 })));

    [Fact]
    public void Use_a_transaction_id_again_only_after_its_life()
    {
        var life = (long)TransactionIds.Kept.TotalMilliseconds;
        var first = Batch("a.1", 1, [], Row("_tx", "id", 1, 1)) with { UnixMilliseconds = 1_000 };
        var second = Batch("b.1", 1, [], Row("_tx", "id", 1, 2));

        Assert.Empty(Versions(first, second with { UnixMilliseconds = 1_001 + life }));
        Assert.Equal(["version twice"], Versions(first, second with { UnixMilliseconds = 900 + life }));
    }

    [Fact]
    public void Are_what_the_store_holds() => Assert.Empty(Store(Line("x", 3, "a.1", 2, 30), Line("y", 1, "a.1", 2, 1)));

    [Theory]
    [InlineData(2, "a.1", 2, 30)]
    [InlineData(3, "b.1", 2, 30)]
    [InlineData(3, "a.1", 1, 30)]
    [InlineData(3, "a.1", 2, 31)]
    public void Are_not_what_a_wrong_store_holds(long version, string log, long batch, int value) => Assert.Equal(["store"], Store(Line("x", version, log, batch, value), Line("y", 1, "a.1", 2, 1)));

    [Fact]
    public void Have_a_row_that_the_store_lacks() => Assert.Equal(["store"], Store(Line("x", 3, "a.1", 2, 30)));

    [Fact]
    public void Know_nothing_of_a_row_that_the_store_has() => Assert.Equal(["store"], Store(Line("x", 3, "a.1", 2, 30), Line("y", 1, "a.1", 2, 1), Line("z", 1, "a.1", 2, 1)));

    [Theory]
    [InlineData(2, 1, true)]
    [InlineData(1, 1, true)]
    [InlineData(1, 0, true)]
    [InlineData(0, 0, true)]
    [InlineData(2, 0, false)]
    [InlineData(0, 1, false)]
    public void Are_cut_where_nothing_inside_depends_on_the_outside(long a, long b, bool closed)
    {
        var cut = new Dictionary<string, long> { ["a.1"] = a, ["b.1"] = b };

        Assert.Equal(closed, CutClosure.Check(DurableLogs.Of([A1, B1, A2], NoEnds), cut).Count == 0);
        // Also where a batch forgot to write down what it was built on.
        Assert.Equal(closed, CutClosure.Check(DurableLogs.Of([A1, B1 with { Foreign = [] }, A2 with { Foreign = [] }], NoEnds), cut).Count == 0);
    }

    [Fact]
    public void Record_the_stamps_of_other_logs_that_they_replace() => Assert.Empty(ForeignStamps.Check(DurableLogs.Of([A1, B1, A2], NoEnds)));

    [Fact]
    public void Forget_a_stamp_that_they_replace() => Assert.Equal(["stamp"], Kinds(ForeignStamps.Check(DurableLogs.Of([A1, B1 with { Foreign = [] }, A2], NoEnds))));

    [Fact]
    public void Record_an_earlier_stamp_than_they_replace() => Assert.Equal(["stamp"], Kinds(ForeignStamps.Check(DurableLogs.Of([A1, B1 with { Foreign = [new Stamp("a.1", 0)] }, A2], NoEnds))));

    private static IEnumerable<string> Versions(params Batch[] batches) => Versions(DurableLogs.Of(batches, NoEnds));

    private static IEnumerable<string> Versions(DurableLogs logs) => Kinds([.. logs.Anomalies, .. LogReplay.CheckVersions(logs)]);

    private static IEnumerable<string> Store(params SegmentRow[] rows) => Kinds(LogReplay.CheckStore(DurableLogs.Of([A1, B1, A2], NoEnds), rows, 0));

    private static IEnumerable<string> Kinds(IReadOnlyList<Anomaly> anomalies) => anomalies.Select(anomaly => anomaly.Kind);

    private static Batch Batch(string log, long number, Stamp[] foreign, params BatchRecord[] records) => new(log, number, 1, BatchKind.Records, 1_000, records.Length, foreign, records);

    private static BatchRecord Row(string key, long version, int value) => Row("rows", key, version, value);

    private static BatchRecord Row(string table, string key, long version, int value) => new(Key(table, key), version, RowState.Present, Document.FromText($"{value}"));

    private static SegmentRow Line(string key, long version, string log, long batch, int value) =>
        new(Key("rows", key), new RowVersion(version, new Stamp(log, batch), RowState.Present, Document.FromText($"{value}")));

    private static RowKey Key(string table, string key) => RowKey.TryCreate("app", table, key, out var row) ? row : throw new InvalidOperationException(key);
}
