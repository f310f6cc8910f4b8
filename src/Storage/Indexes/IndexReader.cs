using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Indexes.Walks;

namespace Mjolnir.Storage.Indexes;

/// <summary>Gives walks the pages they ask for.</summary>
public static class IndexReader
{
    /// <summary>Walks to the end; false if a page is not there: what was found does not count, and a newer head has other pages. Whoever walks is among <see cref="IIndexPages.Readers"/>, or the only one who has the pages.</summary>
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

    /// <summary>Answers a question from one head; null if a page is not there any more: a newer head has other pages.</summary>
    /// <param name="pages">where pages lie</param>
    /// <param name="head">a head of the question's table and declarations</param>
    /// <param name="question">what is asked</param>
    /// <param name="cancellationToken">ends the walk</param>
    public static async ValueTask<IndexAnswer?> AnswerAsync(IIndexPages pages, IndexHead head, IndexQuestion question, CancellationToken cancellationToken)
    {
        using var reading = pages.Readers.Begin();
        return await WalkAsync(pages, head, question, cancellationToken);
    }

    private static ValueTask<IndexAnswer?> WalkAsync(IIndexPages pages, IndexHead head, IndexQuestion question, CancellationToken cancellationToken)
    {
        var root = head.Trees[question.Tree];
        return question.Walk == QueryWalk.Search ? SearchReader.AnswerAsync(pages, head, question, cancellationToken)
            : question.Walk == QueryWalk.Groups ? GroupsAsync(pages, root, question, cancellationToken)
            : question.Skip >= 0 ? NumberedAsync(pages, root, question, cancellationToken)
            : question.Limit == 0 ? SumAsync(pages, root, question, cancellationToken)
            : question.Walk == QueryWalk.Top ? TopAsync(pages, root, question, cancellationToken)
            : RangeAsync(pages, root, question, cancellationToken);
    }

    private static async ValueTask<IndexAnswer?> SumAsync(IIndexPages pages, TreeRoot root, IndexQuestion question, CancellationToken cancellationToken)
    {
        var walk = new SumWalk(question.Shape, root, question.Range);
        return await TryRunAsync(pages, question.Table, walk, cancellationToken) ? new IndexAnswer { IsWhole = true, Count = walk.Count, Sums = walk.Sums } : null;
    }

    private static async ValueTask<IndexAnswer?> GroupsAsync(IIndexPages pages, TreeRoot root, IndexQuestion question, CancellationToken cancellationToken)
    {
        var walk = new GroupWalk(question.Shape, root, question.Range, question.Depth, question.GroupSums, question.Limit);
        return await TryRunAsync(pages, question.Table, walk, cancellationToken)
            ? new IndexAnswer { IsWhole = walk.IsWhole, Groups = [.. walk.Found.Select(group => new FoundGroup(group.Key, group.Value))] }
            : null;
    }

    private static async ValueTask<IndexAnswer?> NumberedAsync(IIndexPages pages, TreeRoot root, IndexQuestion question, CancellationToken cancellationToken)
    {
        var sum = new SumWalk(question.Shape, root, question.Range);
        if (!await TryRunAsync(pages, question.Table, sum, cancellationToken))
        {
            return null;
        }

        IndexAnswer? found;
        if (question.Walk == QueryWalk.Top)
        {
            var walk = new TopWalk(question.Shape, root, question.Range, [], (int)question.Skip + question.Limit);
            found = await TryRunAsync(pages, question.Table, walk, cancellationToken) ? Answer([.. walk.Found.Skip((int)question.Skip)], question, PlaceKey(question)) : null;
        }
        else
        {
            var walk = new RangeWalk(question.Shape, root, question.Range, question.Walk == QueryWalk.Backward, question.Skip, question.Limit);
            found = await TryRunAsync(pages, question.Table, walk, cancellationToken) ? Answer([.. walk.Found.Select(entry => entry.Key)], question, EntryKey(question)) : null;
        }

        return found is null ? null : new IndexAnswer { Found = found.Found, IsWhole = found.IsWhole, Count = sum.Count };
    }

    private static Func<byte[], string> PlaceKey(IndexQuestion question) => place => Encoding.UTF8.GetString(question.Shape.PrimaryKeyOfPlace(place));

    private static Func<byte[], string> EntryKey(IndexQuestion question) => key => Encoding.UTF8.GetString(question.Shape.PrimaryKeyOf(key));

    private static async ValueTask<IndexAnswer?> TopAsync(IIndexPages pages, TreeRoot root, IndexQuestion question, CancellationToken cancellationToken)
    {
        var walk = new TopWalk(question.Shape, root, question.Range, question.After, question.Limit);
        return await TryRunAsync(pages, question.Table, walk, cancellationToken)
            ? Answer(walk.Found, question, PlaceKey(question))
            : null;
    }

    private static async ValueTask<IndexAnswer?> RangeAsync(IIndexPages pages, TreeRoot root, IndexQuestion question, CancellationToken cancellationToken)
    {
        var isBackward = question.Walk == QueryWalk.Backward;
        var walk = new RangeWalk(question.Shape, root, Behind(question.Range, question.After, isBackward), isBackward, 0, question.Limit);
        return await TryRunAsync(pages, question.Table, walk, cancellationToken)
            ? Answer([.. walk.Found.Select(found => found.Key)], question, EntryKey(question))
            : null;
    }

    private static IndexAnswer Answer(IReadOnlyCollection<byte[]> places, IndexQuestion question, Func<byte[], string> primaryKeyOf) =>
        new() { Found = [.. places.Select(place => new FoundPlace(place, primaryKeyOf(place)))], IsWhole = places.Count < question.Limit };

    /// <summary>What is left of a range behind a place. A place outside (somebody made up a cursor) leaves all of it, or nothing.</summary>
    private static KeyRange Behind(KeyRange range, byte[] after, bool isBackward)
    {
        if (after.Length == 0)
        {
            return range;
        }

        // The least key behind a place has one more byte.
        return isBackward ? (range.IsBehind(after) ? range : range with { High = after })
            : range.IsAbove(after) ? range
            : range with { Low = (byte[])[.. after, 0] };
    }
}
