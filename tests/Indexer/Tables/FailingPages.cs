using Mjolnir.Core.Indexes;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Indexer.Tests.Tables;

/// <summary>Pages whose operations fail when they are told to: before they did anything, in the middle, or after everything was done.</summary>
internal sealed class FailingPages(IIndexPages pages) : IIndexPages
{
    /// <summary>How many more single pages, heads or deletions succeed; negative for all.</summary>
    public int Left { get; set; } = -1;

    public PageReaders Readers => pages.Readers;

    public ValueTask<IndexHead?> ReadHeadAsync(string table, CancellationToken cancellationToken) => pages.ReadHeadAsync(table, cancellationToken);

    public ValueTask<IndexPage?> ReadAsync(string table, PageId page, CancellationToken cancellationToken) => pages.ReadAsync(table, page, cancellationToken);

    public async ValueTask PutAsync(string table, IReadOnlyList<KeyValuePair<PageId, IndexPage>> all, CancellationToken cancellationToken)
    {
        foreach (var page in all)
        {
            Step();
            await pages.PutAsync(table, [page], cancellationToken);
        }

        Step();
    }

    public async ValueTask<IndexHead> RaiseHeadAsync(IndexHead head, CancellationToken cancellationToken)
    {
        Step();
        var there = await pages.RaiseHeadAsync(head, cancellationToken);
        Step();
        return there;
    }

    public async ValueTask DeleteAsync(string table, IReadOnlyList<PageId> all, CancellationToken cancellationToken)
    {
        foreach (var page in all)
        {
            Step();
            await pages.DeleteAsync(table, [page], cancellationToken);
        }

        Step();
    }

    public ValueTask ForgetAsync(string table, IReadOnlyList<PageId> all, CancellationToken cancellationToken) => pages.ForgetAsync(table, all, cancellationToken);

    private void Step()
    {
        if (Left == 0)
        {
            throw new IOException("The pages are away.");
        }

        Left--;
    }
}
