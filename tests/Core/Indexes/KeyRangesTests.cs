using System.Buffers;
using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;

namespace Mjolnir.Core.Tests.Indexes;

public class KeyRangesTests
{
    private static readonly IndexColumn[] Text = [new("t", IndexedKind.Text)];
    private static readonly IndexColumn[] Descending = [new("t", IndexedKind.Text, Descending: true)];

    /// <summary>Keys hold the first 128 bytes of a text, cut between characters: a text of 125 bytes may have the key of a longer one.</summary>
    [Fact]
    public void A_range_keeps_every_row_that_is_meant_however_long_its_text_is()
    {
        var texts = new List<string>();
        foreach (var length in (int[])[0, 1, 123, 124, 125, 126, 127, 128, 129, 200])
        {
            var text = new string('x', length);
            texts.AddRange([text, text + "€", text + "\U0001F600", text + "y"]);
        }

        foreach (var columns in new[] { Text, Descending })
        {
            foreach (var bound in texts)
            {
                foreach (var isIncluded in new[] { true, false })
                {
                    Require(columns, texts, new ColumnRange("t", new ValueBound(IndexValue.Of(bound), isIncluded), null));
                    Require(columns, texts, new ColumnRange("t", null, new ValueBound(IndexValue.Of(bound), isIncluded)));
                }
            }
        }
    }

    [Fact]
    public void What_an_index_can_tell_alone_is_not_longer_than_its_keys()
    {
        Assert.True(KeyRanges.IsExact(IndexValue.Of(new string('x', 124))));
        Assert.False(KeyRanges.IsExact(IndexValue.Of(new string('x', 125))));
        Assert.True(KeyRanges.IsExact(IndexValue.Of(1e300)));
        Assert.True(KeyRanges.IsExact(IndexValue.Null));
    }

    [Fact]
    public void Values_compare_as_their_keys_do()
    {
        string[] texts = ["", "a", "ab", "b", "\uD7FF", "\uE000", "\uFFFD", "\U00010000", "\U0010FFFF", "\U00010000a"];
        foreach (var left in texts)
        {
            foreach (var right in texts)
            {
                Assert.Equal(
                    Math.Sign(Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right))),
                    Math.Sign(IndexValue.Of(left).CompareTo(IndexValue.Of(right))));
            }
        }
    }

    private static void Require(IndexColumn[] columns, List<string> texts, ColumnRange asked)
    {
        var range = KeyRanges.Of(columns, [], asked.From, asked.To);
        var terms = new QueryTerms([], asked, null, false);
        foreach (var text in texts)
        {
            var key = new ArrayBufferWriter<byte>();
            KeyRanges.Append(key, columns[0], IndexValue.Of(text));
            key.Write("1"u8);
            Assert.True(range.Contains(key.WrittenSpan) || !terms.Match(_ => IndexValue.Of(text)), $"{text.Length} is meant by {asked.From?.Value.Text?.Length} to {asked.To?.Value.Text?.Length}");
        }
    }
}
