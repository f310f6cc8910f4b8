using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Tests.Indexes;

public class PageBuffersTests
{
    [Fact]
    public void What_is_given_back_is_given_again_and_nothing_is_given_twice()
    {
        var (buffers, random, pages) = (new PageBuffers(), new Random(1), new List<(IndexPage Page, byte[] Bytes)>());
        var most = 0L;
        for (var i = 0; i < 20_000; i++)
        {
            if (pages.Count == 100)
            {
                var at = random.Next(pages.Count);
                buffers.Return(pages[at].Page);
                pages.RemoveAt(at);
            }

            var list = new EntryList();
            list.Add(BitConverter.GetBytes(i), new byte[random.Next(16_000) >> random.Next(6)]);
            var page = list.ToPage(0, 0, 1, buffers);
            pages.Add((page, page.Bytes.ToArray()));
            most = i == 10_000 ? buffers.Bytes : most;
        }

        Assert.All(pages, each => Assert.Equal(each.Bytes, each.Page.Bytes.ToArray()));
        Assert.InRange(buffers.Bytes, 1, most * 3 / 2);
    }

    [Fact]
    public void Very_large_pages_have_memory_of_their_own()
    {
        var (buffers, list) = (new PageBuffers(), new EntryList());
        list.Add([1], new byte[60_000]);
        buffers.Return(list.ToPage(0, 0, 1, buffers));

        Assert.Equal(0, buffers.Bytes);
    }
}
