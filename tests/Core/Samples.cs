using FsCheck;
using FsCheck.Fluent;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;

namespace Mjolnir.Core.Tests;

/// <summary>Generators of everything that our formats hold, and small builders.</summary>
internal static class Samples
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements("alice", "bob", "a/b", "100%", "quote\"d", "back\\slash", "new\nline", "tab\t", "\u007f", "ünïcödé", "漢字", "𝄞", "{tag}rest", "%2F", "x y"),
        ArbMap.Default.GeneratorFor<NonEmptyString>().Select(text => new string([.. text.Get.Where(c => !char.IsSurrogate(c))]) + "x"));

    public static Gen<RowKey> Keys { get; } =
        from table in Gen.Elements("users", "_tx", "_kv")
        from primaryKey in Texts
        select Key(table, primaryKey.Length > 60 ? primaryKey[..60] : primaryKey);

    public static Gen<Document> Documents { get; } =
        Texts.Select(text => Document.FromText(System.Text.Json.JsonSerializer.Serialize(new { name = text, balance = text.Length })));

    public static Gen<Stamp> Stamps { get; } =
        from server in Gen.Elements("s1", "s2", "s3")
        from epoch in Gen.Choose(1, 300)
        from batch in Numbers()
        select new Stamp($"{server}.{epoch}", batch);

    public static Gen<RowVersion> Versions { get; } = Gen.OneOf(
        Gen.Constant(RowVersion.Absent),
        from version in Numbers()
        from stamp in Stamps
        from state in Gen.Elements(RowState.Present, RowState.Tombstone, RowState.Absent)
        from document in Documents
        select new RowVersion(version, stamp, state, state == RowState.Present ? document : null));

    public static Gen<Envelope> Envelopes { get; } =
        from current in Versions
        from previous in Versions
        from since in Numbers()
        from bears in Gen.Elements(true, false)
        select bears ? new Envelope(current, previous, since) : Envelope.Of(current);

    public static Gen<Batch> Batches { get; } =
        from stamp in Stamps
        from view in Numbers()
        from kind in Gen.Elements(BatchKind.Records, BatchKind.View)
        from time in Numbers()
        from transactions in Gen.Choose(0, 1000)
        from foreign in Stamps.ArrayOf()
        from rows in Versions.Zip(Keys).ArrayOf()
        select new Batch(stamp.Log, stamp.Batch, view, kind, time, transactions, foreign, [.. rows.Select(row => new BatchRecord(row.Item2, row.Item1.Version, row.Item1.State, row.Item1.Value))]);

    public static Gen<SegmentRow[]> SegmentRows { get; } =
        from rows in Versions.Zip(Keys).ArrayOf()
        from time in Numbers()
        select rows.DistinctBy(row => row.Item2).OrderBy(row => row.Item2)
            .Select(row => new SegmentRow(row.Item2, row.Item1) { Time = SegmentRow.IsTransactionId(row.Item2) ? time : 0 }).ToArray();

    public static RowKey Key(string table, string primaryKey) =>
        RowKey.TryCreate("bank", table, primaryKey, out var key) ? key : throw new ArgumentException($"No key: {primaryKey}");

    public static RowVersion Row(long version, string log, long batch, string json) =>
        new(version, new Stamp(log, batch), RowState.Present, Document.FromText(json));

    /// <summary>Checks a property for 300 random values; a failure prints the smallest one and its seed.</summary>
    public static void ForAll<T>(Gen<T> values, Action<T> property) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(values.ToArbitrary(), property));

    /// <summary>Flips one bit of the bytes, wherever <paramref name="seed"/> says.</summary>
    public static byte[] Flipped(byte[] bytes, int seed)
    {
        var random = new Random(seed);
        var flipped = (byte[])bytes.Clone();
        flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
        return flipped;
    }

    private static Gen<long> Numbers() => Gen.OneOf(
        Gen.Choose(0, 300).Select(number => (long)number),
        ArbMap.Default.GeneratorFor<long>().Select(number => number & long.MaxValue),
        Gen.Elements(0, 1, 127, 128, 16383, 16384, long.MaxValue));
}
