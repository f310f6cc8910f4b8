using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Trees;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Indexer.Tables;

/// <summary>
/// The writer of a table's indexes, in one term. A step:
/// <code>
/// 1 apply the changes to the writer's own trees
/// 2 put the new pages where readers find them
/// 3 replace the head: from here on readers see the step, all of it
/// 4 when the readers of the head before have ended, take away the pages that it replaced; when those have ended who may have found them until then, use their memory again
/// </code>
/// Killed between any two of these, it leaves the head before, or the one after, and pages that nobody refers to. When 2 or 3 fail, <see cref="StepAsync"/> is to be called
/// again: it finishes that step first. Not safe for threads.
/// </summary>
/// <param name="layout">what is kept of the table</param>
/// <param name="term">claimed before; above every earlier writer's</param>
/// <param name="pages">where readers find pages</param>
/// <param name="sizes">of pages</param>
internal sealed class TableWriter(TableLayout layout, long term, IIndexPages pages, PageSizes sizes)
{
    private readonly TableTrees _trees = new(layout, term, sizes);
    private readonly SortedDictionary<string, long> _applied = new(StringComparer.Ordinal);
    private readonly Queue<Replaced> _replaced = new(); // readers find them still
    private readonly Queue<Replaced> _takenAway = new(); // somebody who found them before may look at them still
    private IReadOnlyCollection<PageId> _inherited = [];
    private IndexHead? _unpublished;
    private long _sequence;

    /// <summary>Pages that the head does without.</summary>
    /// <param name="Since">whoever has begun to read later does not need them, or does not find them</param>
    /// <param name="Ids">all of them</param>
    /// <param name="Own">those of this writer</param>
    private sealed record Replaced(long Since, PageId[] Ids, IReadOnlyList<IndexPage> Own);

    /// <summary>The trees as the writer has them.</summary>
    public TableTrees Trees => _trees;

    /// <summary>What readers see; null before the first step.</summary>
    public IndexHead? Head { get; private set; }

    /// <summary>True when a writer of a later term has taken over: this one has ended.</summary>
    public bool IsDeposed { get; private set; }

    /// <summary>True while somebody reads an older head from outside of <see cref="IIndexPages.Readers"/>: nothing is taken away then.</summary>
    public Func<bool> IsHeld { get; init; } = static () => false;

    /// <summary>One step. False if a later writer has taken over.</summary>
    /// <param name="rows">changes of rows of this table, in any order; what was applied before is passed over</param>
    /// <param name="applied">the batches that they are all of, per log the last; a log's batches come without a gap</param>
    /// <param name="cancellationToken">ends the step; it goes on with the next call</param>
    public async ValueTask<bool> StepAsync(IEnumerable<RowChange> rows, IReadOnlyCollection<Stamp> applied, CancellationToken cancellationToken)
    {
        if (_unpublished is not null && !await PublishAsync(_unpublished, cancellationToken))
        {
            return false;
        }

        _trees.Apply(rows);
        return await PublishAsync(Next(applied), cancellationToken);
    }

    /// <summary>The first step of a writer: all rows as the store has them. False if a later writer has taken over.</summary>
    /// <param name="build">each row once, tombstones too</param>
    /// <param name="applied">per log the last batch that is in them</param>
    /// <param name="inherited">pages of the writer before, which nobody needs any more once this step counts</param>
    /// <param name="cancellationToken">ends the step; <see cref="StepAsync"/> finishes it</param>
    public ValueTask<bool> BuildAsync(TableBuild build, IReadOnlyCollection<Stamp> applied, IReadOnlyCollection<PageId> inherited, CancellationToken cancellationToken)
    {
        _trees.Build(build);
        _inherited = inherited;
        return PublishAsync(Next(applied), cancellationToken);
    }

    /// <summary>The last batch of a log that is in the trees; 0 for none.</summary>
    public long AppliedOf(string log) => _applied.GetValueOrDefault(log);

    /// <summary>Every page of this writer that readers may find: for the next one, which has them deleted.</summary>
    public IReadOnlyCollection<PageId> AllPages() => [.. _inherited, .. _replaced.SelectMany(step => step.Ids), .. _trees.Pages.Ids];

    private IndexHead Next(IReadOnlyCollection<Stamp> applied)
    {
        foreach (var stamp in applied)
        {
            _applied[stamp.Log] = Math.Max(stamp.Batch, _applied.GetValueOrDefault(stamp.Log));
        }

        return _unpublished = new IndexHead(layout.Table, layout.Declared, term, ++_sequence, [.. _applied.Select(log => new Stamp(log.Key, log.Value))], _trees.Roots);
    }

    private async ValueTask<bool> PublishAsync(IndexHead head, CancellationToken cancellationToken)
    {
        if (IsDeposed)
        {
            return false;
        }

        await pages.PutAsync(layout.Table, [.. _trees.Pages.Made.Select(id => KeyValuePair.Create(id, _trees.Pages[id]))], cancellationToken);
        var there = await pages.RaiseHeadAsync(head, cancellationToken);
        IsDeposed = there.Term > term;
        Invariant.Require(IsDeposed || there.Sequence == head.Sequence, $"The head of table {layout.Table} is at step {there.Sequence} of term {term}, and its writer at step {head.Sequence}.");
        if (IsDeposed)
        {
            return false;
        }

        PageId[] replaced = [.. _trees.Pages.Replaced, .. _inherited];
        _replaced.Enqueue(new Replaced(pages.Readers.Instant(), replaced, _trees.Settle()));
        (Head, _unpublished, _inherited) = (head, null, []);
        await TakeAwayAsync(cancellationToken);
        return true;
    }

    private async ValueTask TakeAwayAsync(CancellationToken cancellationToken)
    {
        while (!IsHeld() && _replaced.TryPeek(out var oldest) && pages.Readers.HaveEnded(oldest.Since))
        {
            await pages.DeleteAsync(layout.Table, oldest.Ids, cancellationToken);
            _takenAway.Enqueue(_replaced.Dequeue() with { Since = pages.Readers.Instant() });
        }

        while (_takenAway.TryPeek(out var gone) && pages.Readers.HaveEnded(gone.Since))
        {
            _trees.Free(_takenAway.Dequeue().Own);
        }
    }
}
