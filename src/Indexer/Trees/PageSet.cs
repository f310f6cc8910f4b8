using Mjolnir.Core;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Indexer.Trees;

/// <summary>
/// The writer's pages of one table, all of them, and what the step under way has made and replaced. Until <see cref="Settle"/> the step can be taken back, and then nothing has
/// changed. Memory of pages that nobody can have seen is free again when the step has ended. Not safe for threads.
/// </summary>
/// <param name="term">the writer's term</param>
internal sealed class PageSet(long term)
{
    private readonly Dictionary<PageId, IndexPage> _pages = [];
    private readonly HashSet<PageId> _made = [];
    private readonly HashSet<PageId> _replaced = [];
    private readonly List<IndexPage> _unseen = []; // made and dropped by the step under way, which may look at them still
    private long _number;

    /// <summary>Memory for its pages.</summary>
    public PageBuffers Buffers { get; } = new();

    public int Count => _pages.Count;

    public long Bytes { get; private set; }

    /// <summary>All pages, those replaced by the step under way too.</summary>
    public IReadOnlyCollection<PageId> Ids => _pages.Keys;

    /// <summary>Pages made by the step under way that are still in use.</summary>
    public IReadOnlyCollection<PageId> Made => _made;

    /// <summary>Pages that the step under way does without, among those that were there before.</summary>
    public IReadOnlyCollection<PageId> Replaced => _replaced;

    public IndexPage this[PageId id] => _pages.TryGetValue(id, out var page) ? page : throw new InvariantException($"Index page {id} is in use and not there.");

    /// <summary>Takes in a new page.</summary>
    public PageId Add(IndexPage page)
    {
        var id = new PageId(term, ++_number);
        _pages.Add(id, page);
        _made.Add(id);
        Bytes += page.Bytes.Length;
        return id;
    }

    /// <summary>The step does without this page.</summary>
    public void Drop(PageId id)
    {
        if (_made.Remove(id))
        {
            _unseen.Add(Remove(id));
        }
        else
        {
            Invariant.Require(_replaced.Add(id), $"Index page {id} was replaced twice in a step.");
        }
    }

    /// <summary>The step counts: what it replaced is forgotten.</summary>
    /// <returns>what it replaced: their memory is to be given back when nobody looks at them any more</returns>
    public IReadOnlyList<IndexPage> Settle()
    {
        var replaced = new List<IndexPage>(_replaced.Count);
        foreach (var id in _replaced)
        {
            replaced.Add(Remove(id));
        }

        End();
        return replaced;
    }

    /// <summary>The step does not count.</summary>
    public void Undo()
    {
        foreach (var id in _made)
        {
            _unseen.Add(Remove(id));
        }

        End();
    }

    private void End()
    {
        _unseen.ForEach(Buffers.Return);
        _unseen.Clear();
        _made.Clear();
        _replaced.Clear();
    }

    private IndexPage Remove(PageId id)
    {
        _pages.Remove(id, out var page);
        Bytes -= page!.Bytes.Length;
        return page;
    }
}
