using Mjolnir.Core.Indexes.Walks;

namespace Mjolnir.Storage.Indexes;

/// <summary>Gives walks the pages they ask for.</summary>
public static class IndexReader
{
    /// <summary>Walks to the end; false if a page is not there: what was found does not count, and a newer head has other pages.</summary>
    /// <param name="pages">where pages lie</param>
    /// <param name="table">the table</param>
    /// <param name="walk">begun at a root of one head of the table</param>
    /// <param name="cancellationToken">ends the walk</param>
    public static async ValueTask<bool> TryRunAsync(IIndexPages pages, string table, IndexWalk walk, CancellationToken cancellationToken)
    {
        while (walk.TryNext(out var id))
        {
            if (await pages.ReadAsync(table, id, cancellationToken) is not { } page)
            {
                return false;
            }

            walk.Give(page);
        }

        return true;
    }
}
