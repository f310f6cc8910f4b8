using FsCheck.Fluent;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Protocol;

namespace Mjolnir.Core.Tests.Protocol;

public sealed class StableCutTests
{
    [Fact]
    public void Everything_stored_is_inside_when_nothing_depends_on_the_outside()
    {
        var cut = StableCut.Compute([Log("a", 0, (3, "b:2")), Log("b", 0, (2, "a:1"))]);
        Assert.Equal((3, 2), (cut["a"], cut["b"]));
    }

    [Fact]
    public void What_depends_on_a_lost_batch_goes_with_all_that_depends_on_it()
    {
        var cut = StableCut.Compute([Log("a", 0, (1, ""), (2, "b:2")), Log("b", 0, (1, "")), Log("c", 0, (5, "a:2"), (6, ""))]);
        Assert.Equal((1, 1, 0), (cut["a"], cut["b"], cut["c"]));
    }

    [Fact]
    public void A_circle_inside_the_store_is_inside_and_one_through_the_outside_is_not()
    {
        Assert.Equal(2, StableCut.Compute([Log("a", 0, (2, "b:2")), Log("b", 0, (2, "a:2"))])["a"]);
        Assert.Equal(0, StableCut.Compute([Log("a", 0, (2, "b:2")), Log("b", 0, (2, "a:3"))])["a"]);
    }

    [Fact]
    public void What_runs_hold_counts_as_inside()
    {
        var cut = StableCut.Compute([Log("a", 7), Log("b", 0, (2, "a:7"))]);
        Assert.Equal((7, 2), (cut["a"], cut["b"]));
    }

    [Fact]
    public void A_log_that_nobody_knows_has_nothing_inside() => Assert.Equal(0, StableCut.Compute([Log("a", 0, (2, "x:1"))])["a"]);

    [Fact]
    public void The_cut_is_closed_and_no_closed_one_is_larger() =>
        Samples.ForAll(Histories(), logs =>
        {
            var cut = StableCut.Compute(logs);
            Assert.True(IsClosed(logs, cut));
            foreach (var larger in AllCuts(logs).Where(other => IsClosed(logs, other)))
            {
                Assert.All(larger, end => Assert.True(end.Value <= cut[end.Key]));
            }
        });

    [Fact]
    public void Storing_more_never_lowers_the_cut() =>
        Samples.ForAll(Histories().Zip(Gen.Choose(0, 3)), sample =>
        {
            var fewer = sample.Item1.Select(log => log with { Entries = [.. log.Entries.Take(sample.Item2)] }).ToArray();
            var before = StableCut.Compute(fewer);
            Assert.All(StableCut.Compute(sample.Item1), end => Assert.True(end.Value >= before[end.Key]));
        });

    private static bool IsClosed(IReadOnlyList<StoredPrefix> logs, IReadOnlyDictionary<string, long> cut) =>
        logs.SelectMany(log => log.Entries.Where(entry => entry.LastBatch <= cut[log.Log]))
            .SelectMany(entry => entry.Foreign)
            .All(stamp => cut.TryGetValue(stamp.Log, out var end) && stamp.Batch <= end);

    private static IEnumerable<Dictionary<string, long>> AllCuts(IReadOnlyList<StoredPrefix> logs) =>
        logs.Aggregate(
            (IEnumerable<Dictionary<string, long>>)[[]],
            (cuts, log) => cuts.SelectMany(cut => log.Entries.Select(entry => entry.LastBatch).Prepend(log.Base).Select(end => new Dictionary<string, long>(cut) { [log.Log] = end })));

    /// <summary>Three logs with up to four entries, each depending on up to two batches that may or may not be stored.</summary>
    private static FsCheck.Gen<StoredPrefix[]> Histories() =>
        (from counts in Gen.Choose(0, 4).ListOf(3)
         from foreign in (from log in Gen.Elements("a", "b", "c") from batch in Gen.Choose(0, 5) select new Stamp(log, batch)).ListOf(24)
         select new[] { "a", "b", "c" }.Select((log, l) => new StoredPrefix(
             log, 0, [.. Enumerable.Range(1, counts[l]).Select(i => Entry(log, i, [.. foreign.Skip((l * 8) + ((i - 1) * 2)).Take(i % 3).Where(stamp => stamp.Log != log)]))])).ToArray());

    private static StoredPrefix Log(string log, long from, params (long LastBatch, string Foreign)[] entries) =>
        new(log, from, [.. entries.Select(entry => Entry(log, entry.LastBatch, Stamps(entry.Foreign)))]);

    private static Stamp[] Stamps(string text) => text.Length == 0 ? [] : [new Stamp(text.Split(':')[0], long.Parse(text.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture))];

    private static ManifestEntry Entry(string log, long lastBatch, Stamp[] foreign) =>
        new(log, 1, ManifestKind.Segment, lastBatch, lastBatch, 0, foreign, "w", 0, 0);
}
