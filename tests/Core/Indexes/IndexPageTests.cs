using System.Text;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Tests.Indexes;

public class IndexPageTests
{
    [Fact]
    public void The_bytes_of_a_page_are_as_documented()
    {
        var page = Page("item-1", "item-22", "item-3");

        Assert.Equal(
            "4D4A49" + "01" + "00" + "0300" + "0500" + "6974656D2D" // MJI, format, level, entries, prefix "item-"
            + "1400" + "1D00" + "2800"
            + "01" + "06" + "31" + "6974656D2D31"
            + "02" + "07" + "3232" + "6974656D2D3232"
            + "01" + "06" + "33" + "6974656D2D33",
            Convert.ToHexString(page.Bytes.Span[..^4]));
        Assert.Equal(page.Bytes.Length, IndexPage.Decode(page.Bytes).Bytes.Length);
    }

    [Fact]
    public void Entries_read_back()
    {
        var page = IndexPage.Decode(Page("a", "ab", "b").Bytes);

        Assert.Equal(["a", "ab", "b"], Enumerable.Range(0, page.Count).Select(i => Encoding.UTF8.GetString(page.Key(i))));
        Assert.Equal(["a", "ab", "b"], Enumerable.Range(0, page.Count).Select(i => Encoding.UTF8.GetString(page.Payload(i).Span)));
        Assert.True(page.IsLeaf);
    }

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("item", 0, 0)]
    [InlineData("item-", 0, 0)]
    [InlineData("item-1", 0, 0)]
    [InlineData("item-10", 1, 0)]
    [InlineData("item-22", 1, 1)]
    [InlineData("item-23", 2, 1)]
    [InlineData("item-3", 2, 2)]
    [InlineData("item-4", 3, 2)]
    [InlineData("itel", 0, 0)]
    [InlineData("iten", 3, 2)]
    public void A_key_is_found_where_it_belongs(string key, int lowerBound, int child)
    {
        var page = Page("item-1", "item-22", "item-3");

        Assert.Equal((lowerBound, child), (page.LowerBound(Encoding.UTF8.GetBytes(key)), page.ChildOf(Encoding.UTF8.GetBytes(key))));
    }

    [Fact]
    public void Damage_is_found_at_every_byte()
    {
        var bytes = Page("item-1", "item-22", "item-3").Bytes.ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = bytes.ToArray();
            damaged[i] ^= 0x10;
            Assert.Throws<CorruptDataException>(() => IndexPage.Decode(damaged));
            Assert.Throws<CorruptDataException>(() => IndexPage.Decode(bytes.AsMemory(0, i)));
        }
    }

    [Fact]
    public void Entries_are_cut_into_pages_that_are_about_equally_large_and_not_too_large()
    {
        var list = new EntryList();
        for (var i = 0; i < 1000; i++)
        {
            list.Add(Encoding.UTF8.GetBytes($"key{i:D6}"), new byte[i % 30]);
        }

        var ends = new List<int>();
        list.Cut(0, 1000, isFilled: false, ends);
        var sizes = ends.Select((end, i) => list.ToPage(0, i == 0 ? 0 : ends[i - 1], end, new PageBuffers()).Bytes.Length).ToList();

        Assert.Equal(1000, ends[^1]);
        Assert.All(sizes, size => Assert.InRange(size, 500, 1000));
    }

    [Fact]
    public void A_page_above_the_leaves_has_two_children_at_least_however_large_they_are()
    {
        var list = new EntryList();
        for (var i = 0; i < 7; i++)
        {
            list.Add([(byte)i], new byte[9000]);
        }

        var ends = new List<int>();
        list.Cut(1, 10_000, isFilled: false, ends);

        Assert.All(ends.Select((end, i) => end - (i == 0 ? 0 : ends[i - 1])), children => Assert.InRange(children, 2, 3));
    }

    [Fact]
    public void Signed_numbers_of_summaries_read_back()
    {
        var bytes = new byte[32];
        foreach (var number in (Int128[])[0, -1, 1, 63, 64, -64, -65, long.MaxValue, long.MinValue, (Int128)long.MaxValue * 1_000_000, (Int128)long.MinValue * 1_000_000])
        {
            var at = 0;
            var length = Leb128.WriteSigned(bytes, number);

            Assert.Equal(number, Leb128.ReadSigned(bytes, ref at));
            Assert.Equal(length, at);
            Assert.InRange(length, 1, Leb128.LargestSize);
        }
    }

    private static IndexPage Page(params string[] keys)
    {
        var list = new EntryList();
        foreach (var key in keys)
        {
            list.Add(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(key));
        }

        return list.ToPage(0, 0, list.Count, new PageBuffers());
    }
}
