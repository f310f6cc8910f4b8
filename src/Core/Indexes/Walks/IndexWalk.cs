using System.Diagnostics.CodeAnalysis;

namespace Mjolnir.Core.Indexes.Walks;

/// <summary>
/// A question to a tree as a walk over its pages, without any reading of its own: the caller reads the page that is <see cref="TryNext">wanted</see>, from wherever pages
/// lie, gives it, and asks again. A walk belongs to one state of the tree: all its pages come from one head.
/// </summary>
public abstract class IndexWalk
{
    /// <summary>Pages given so far.</summary>
    public int PagesRead { get; private set; }

    /// <summary>The page that is needed next; false when the walk is at its end.</summary>
    public abstract bool TryNext(out PageId page);

    /// <summary>Takes the page that was wanted.</summary>
    public void Give(IndexPage page)
    {
        PagesRead++;
        Take(page);
    }

    private protected abstract void Take(IndexPage page);

    /// <summary>The lowest key that may stand behind a child, exclusive: where its neighbour begins, or where its parent ends.</summary>
    [return: NotNullIfNotNull(nameof(end))]
    private protected static ReadOnlyMemory<byte>? EndOf(IndexPage page, int child, ReadOnlyMemory<byte>? end) => child + 1 < page.Count ? page.Key(child + 1) : end;

    /// <summary>True if nothing of a child stands behind a range.</summary>
    private protected static bool EndsIn(KeyRange range, IndexPage page, int child, ReadOnlyMemory<byte>? end) =>
        range.High is not { } high || (child + 1 < page.Count ? page.LowerBound(high.Span) > child + 1 || page.KeyEquals(child + 1, high.Span) : end is { } last && last.Span.SequenceCompareTo(high.Span) <= 0);
}
