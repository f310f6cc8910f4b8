using System.Text;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Tests.Indexes;

/// <summary>Pages with changes, beside pages made of all their entries.</summary>
public class PagePatchTests
{
    private const int Most = 4_000;

    [Fact]
    public void A_patched_page_has_the_entries_of_one_that_is_made_of_them()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var entries = new SortedDictionary<string, string>(StringComparer.Ordinal);
            for (var i = random.Next(1, 80); i > 0; i--)
            {
                entries[$"key{random.Next(100):D3}"] = new string('p', random.Next(30));
            }

            var page = Page(entries);
            var edits = Change(page, entries, random);
            var patched = PagePatch.TryApply(page, edits, Most, new PageBuffers());

            Assert.Equal(entries.Count == 0, patched is null);
            if (patched is not null)
            {
                var read = IndexPage.Decode(patched.Bytes);
                Assert.Equal(entries.Select(entry => (entry.Key, entry.Value)), Enumerable.Range(0, read.Count).Select(i => (Encoding.UTF8.GetString(read.Key(i)), Encoding.UTF8.GetString(read.Payload(i).Span))));
                Assert.Equal(page.Level, read.Level);
            }
        }
    }

    [Fact]
    public void A_key_with_another_prefix_and_a_page_that_grows_too_large_are_left_to_others()
    {
        var page = Page(new SortedDictionary<string, string>(StringComparer.Ordinal) { ["item-1"] = "a", ["item-2"] = "b" });
        var bytes = page.Bytes.Length;

        Assert.Null(PagePatch.TryApply(page, [new PageEdit(2, false, "other"u8.ToArray(), "c"u8.ToArray())], Most, new PageBuffers()));
        Assert.Null(PagePatch.TryApply(page, [new PageEdit(2, false, "item-3"u8.ToArray(), "c"u8.ToArray())], bytes, new PageBuffers()));
        Assert.Equal(bytes + 6, PagePatch.TryApply(page, [new PageEdit(2, false, "item-3"u8.ToArray(), "c"u8.ToArray())], bytes + 6, new PageBuffers())!.Bytes.Length);
    }

    /// <summary>Changes some entries, and says how.</summary>
    private static PageEdit[] Change(IndexPage page, SortedDictionary<string, string> entries, Random random)
    {
        var edits = new List<PageEdit>();
        foreach (var key in Enumerable.Range(0, 100).Where(_ => random.Next(10) == 0).Select(number => $"key{number:D3}"))
        {
            var utf8 = Encoding.UTF8.GetBytes(key);
            var at = page.LowerBound(utf8);
            var isThere = entries.Remove(key);
            var payload = isThere && random.Next(2) == 0 ? null : new string('q', random.Next(20));
            if (payload is not null)
            {
                entries[key] = payload;
            }

            // A new key of a page that has a longer prefix in common would not be taken.
            if (!utf8.AsSpan().StartsWith(page.Key(0).AsSpan(0, Prefix(page))))
            {
                entries.Remove(key);
                continue;
            }

            edits.Add(new PageEdit(at, isThere, utf8, payload is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(payload)));
        }

        return [.. edits];
    }

    private static int Prefix(IndexPage page) => page.Key(0).AsSpan().CommonPrefixLength(page.Key(page.Count - 1));

    private static IndexPage Page(SortedDictionary<string, string> entries)
    {
        var list = new EntryList();
        foreach (var (key, payload) in entries)
        {
            list.Add(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(payload));
        }

        return list.ToPage(0, 0, list.Count, new PageBuffers());
    }
}
