using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Tests.Indexes;

public class OrderedKeyTests
{
    private static readonly double[] Numbers =
        [-1.7976931348623157e308, -9007199254740992, -2.5, -1, -5e-324, 0, 5e-324, 0.1, 1, 2, 255, 256, 1e15, 9007199254740991, 9007199254740992, 1.7976931348623157e308];

    private static readonly string[] Texts = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "a\u0001", "ab", "b", "Z", "z", "ä", "漢", "\uFFFD", "𝄞", "\uFFFF"];

    [Fact]
    public void Numbers_compare_as_they_do() => InOrder(IndexedKind.Number, [IndexValue.Null, .. Numbers.Select(IndexValue.Of)]);

    [Fact]
    public void Texts_compare_by_code_points() => InOrder(IndexedKind.Text, [IndexValue.Null, .. Texts.OrderBy(text => text, CodePoints.Instance).Select(IndexValue.Of)]);

    [Fact]
    public void Booleans_compare_false_first() => InOrder(IndexedKind.Boolean, [IndexValue.Null, IndexValue.Of(false), IndexValue.Of(true)]);

    [Fact]
    public void Minus_zero_is_zero() => Assert.Equal(Bytes(new("n", IndexedKind.Number), IndexValue.Of(0.0)), Bytes(new("n", IndexedKind.Number), IndexValue.Of(-0.0)));

    [Fact]
    public void A_value_of_another_kind_is_null() => Assert.Equal([0], Bytes(new("n", IndexedKind.Number), IndexValue.Of("7")));

    [Fact]
    public void The_bytes_are_as_documented()
    {
        Assert.Equal("01C000000000000000", Convert.ToHexString(Bytes(new("n", IndexedKind.Number), IndexValue.Of(2))));
        Assert.Equal("013FFFFFFFFFFFFFFF", Convert.ToHexString(Bytes(new("n", IndexedKind.Number), IndexValue.Of(-2))));
        Assert.Equal("016100FF620001", Convert.ToHexString(Bytes(new("t", IndexedKind.Text), IndexValue.Of("a\0b"))));
        Assert.Equal("FE9EFFFE", Convert.ToHexString(Bytes(new("t", IndexedKind.Text, Descending: true), IndexValue.Of("a"))));
        Assert.Equal("FD", Convert.ToHexString(Bytes(new("b", IndexedKind.Boolean, Descending: true), IndexValue.Of(true))));
        Assert.Equal("FF", Convert.ToHexString(Bytes(new("b", IndexedKind.Text, Descending: true), IndexValue.Null)));
    }

    [Fact]
    public void A_number_reads_back()
    {
        foreach (var number in Numbers)
        {
            Assert.True(OrderedKey.TryNumber(Bytes(new("n", IndexedKind.Number), IndexValue.Of(number)), out var back));
            Assert.Equal(number, back);
        }

        Assert.False(OrderedKey.TryNumber([0], out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Values_read_back_with_others_behind_them(bool descending)
    {
        foreach (var value in (IndexValue[])[IndexValue.Null, IndexValue.Of(true), IndexValue.Of(false), .. Numbers.Select(IndexValue.Of), .. Texts.Select(IndexValue.Of)])
        {
            var column = new IndexColumn("c", value.Kind ?? IndexedKind.Text, descending);
            var bytes = Bytes(column, value);

            Assert.Equal(value, OrderedKey.Read([.. bytes, .. Bytes(column, value)], column, out var length));
            Assert.Equal(bytes.Length, length);
        }
    }

    [Fact]
    public void A_long_text_is_cut_between_characters_and_whatever_way_it_came()
    {
        foreach (var text in (string[])[new('x', 500), new string('x', 127) + "äöü", new string('ä', 64) + "𝄞", "x" + string.Concat(Enumerable.Repeat("𝄞", 50))])
        {
            var (one, other) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
            OrderedKey.AppendText(one, text);
            OrderedKey.AppendText(other, System.Text.Encoding.UTF8.GetBytes(text));

            Assert.Equal(one.WrittenSpan.ToArray(), other.WrittenSpan.ToArray());
            Assert.InRange(one.WrittenCount, IndexLimits.TextBytes, IndexLimits.TextBytes + 3);
            Assert.DoesNotContain('\uFFFD', System.Text.Encoding.UTF8.GetString(one.WrittenSpan[1..^2]));
        }
    }

    [Fact]
    public void Compound_keys_compare_column_by_column() =>
        Prop.ForAll(Arb.From(Compounds().Two()), pair =>
        {
            var ((columns, left), (_, right)) = (pair.Item1, pair.Item2);
            var (leftBytes, rightBytes) = (Bytes(columns, left), Bytes(columns, right));
            Assert.Equal(Math.Sign(Compare(columns, left, right)), Math.Sign(leftBytes.AsSpan().SequenceCompareTo(rightBytes)));
            Assert.Equal(leftBytes.Length, OrderedKey.LengthOf([.. leftBytes, 7, 7], columns));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_lies_behind_a_prefix_is_behind_all_that_begins_with_it()
    {
        Assert.Equal([1, 3], OrderedKey.Behind([1, 2]));
        Assert.Equal([2], OrderedKey.Behind([1, 255, 255])!);
        Assert.Null(OrderedKey.Behind([255, 255]));
        Assert.Null(OrderedKey.Behind([]));
    }

    [Theory]
    [InlineData(IndexedKind.Number, "01C0")]
    [InlineData(IndexedKind.Text, "0161")]
    [InlineData(IndexedKind.Text, "016100")]
    [InlineData(IndexedKind.Text, "0100FF")]
    [InlineData(IndexedKind.Number, "")]
    public void A_value_that_does_not_end_is_damage(IndexedKind kind, string bytes) =>
        Assert.Throws<CorruptDataException>(() => OrderedKey.LengthOf(Convert.FromHexString(bytes), new IndexColumn("c", kind)));

    private static void InOrder(IndexedKind kind, IndexValue[] ascending)
    {
        for (var i = 1; i < ascending.Length; i++)
        {
            var (up, down) = (new IndexColumn("c", kind), new IndexColumn("c", kind, Descending: true));
            Assert.True(Bytes(up, ascending[i - 1]).AsSpan().SequenceCompareTo(Bytes(up, ascending[i])) < 0, $"{ascending[i - 1]} before {ascending[i]}");
            Assert.True(Bytes(down, ascending[i - 1]).AsSpan().SequenceCompareTo(Bytes(down, ascending[i])) > 0, $"{ascending[i - 1]} behind {ascending[i]}, descending");
        }
    }

    private static byte[] Bytes(IndexColumn column, IndexValue value) => Bytes([column], [value]);

    private static byte[] Bytes(IndexColumn[] columns, IndexValue[] values)
    {
        var all = new List<byte>();
        for (var i = 0; i < columns.Length; i++)
        {
            var target = new ArrayBufferWriter<byte>();
            OrderedKey.Append(target, columns[i].Kind, values[i]);
            var bytes = target.WrittenSpan.ToArray();
            if (columns[i].Descending)
            {
                OrderedKey.Complement(bytes);
            }

            all.AddRange(bytes);
        }

        return [.. all];
    }

    private static int Compare(IndexColumn[] columns, IndexValue[] left, IndexValue[] right)
    {
        for (var i = 0; i < columns.Length; i++)
        {
            var order = Rank(left[i]).CompareTo(Rank(right[i]));
            order = order != 0 ? order : left[i].Text is { } text && right[i].Text is { } other ? CodePoints.Instance.Compare(text, other) : left[i].Number.CompareTo(right[i].Number);
            if (order != 0)
            {
                return columns[i].Descending ? -order : order;
            }
        }

        return 0;

        static int Rank(IndexValue value) => value.Kind is null ? 0 : 1;
    }

    /// <summary>Three columns, the same kinds in every compound, directions from the first.</summary>
    private static Gen<(IndexColumn[] Columns, IndexValue[] Values)> Compounds()
    {
        var value = (Gen<IndexValue> values) => Gen.Frequency((1, Gen.Constant(IndexValue.Null)), (8, values));
        return
            from directions in Gen.Choose(0, 7)
            from text in value(Gen.Elements(Texts).Select(IndexValue.Of))
            from number in value(Gen.Elements(Numbers).Select(IndexValue.Of))
            from boolean in value(Gen.Elements(true, false).Select(IndexValue.Of))
            select (
                new[]
                {
                    new IndexColumn("t", IndexedKind.Text, (directions & 1) != 0), new IndexColumn("n", IndexedKind.Number, (directions & 2) != 0),
                    new IndexColumn("b", IndexedKind.Boolean, (directions & 4) != 0),
                },
                new[] { text, number, boolean });
    }

    private sealed class CodePoints : IComparer<string>
    {
        public static readonly CodePoints Instance = new();

        public int Compare(string? x, string? y)
        {
            var (left, right) = (x!.EnumerateRunes().ToArray(), y!.EnumerateRunes().ToArray());
            for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
            {
                if (left[i] != right[i])
                {
                    return left[i].Value.CompareTo(right[i].Value);
                }
            }

            return left.Length.CompareTo(right.Length);
        }
    }
}
