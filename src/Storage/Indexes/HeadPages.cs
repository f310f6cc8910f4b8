using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;

namespace Mjolnir.Storage.Indexes;

/// <summary>A page is not there any more: a newer head has other pages.</summary>
internal sealed class PageGoneException : Exception;

/// <summary>The pages of one head, for questions that take several walks.</summary>
internal sealed class HeadPages(IIndexPages pages, IndexHead head, CancellationToken cancellationToken)
{
    /// <summary>The root of a tree.</summary>
    public TreeRoot Root(int tree) => head.Trees[tree];

    /// <summary>Walks to the end.</summary>
    /// <exception cref="PageGoneException">a page is not there any more</exception>
    public async ValueTask<T> RunAsync<T>(T walk)
        where T : IndexWalk => await IndexReader.TryRunAsync(pages, head.Table, walk, cancellationToken) ? walk : throw new PageGoneException();

    /// <summary>The entry under a key; null if there is none.</summary>
    /// <exception cref="PageGoneException">a page is not there any more</exception>
    public async ValueTask<FoundEntry?> EntryAsync(TreeShape shape, TreeRoot root, byte[] key)
    {
        var walk = await RunAsync(new RangeWalk(shape, root, KeyRange.Of(key), backward: false, skip: 0, limit: 1));
        return walk.Found.Count > 0 && walk.Found[0].Key.AsSpan().SequenceEqual(key) ? walk.Found[0] : null;
    }
}
