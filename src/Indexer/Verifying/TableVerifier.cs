using System.Text;
using Mjolnir.Core;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Indexer.Verifying;

/// <summary>What a look at all indexes of a table found.</summary>
/// <param name="Table">the table</param>
/// <param name="Rows">its rows</param>
/// <param name="Entries">entries of all its trees</param>
/// <param name="Pages">pages of all its trees</param>
/// <param name="Differences">how many differences there are between what the indexes hold and what follows from the rows</param>
/// <param name="First">the first of them, for people</param>
public sealed record VerifiedTable(string Table, long Rows, long Entries, long Pages, long Differences, IReadOnlyList<string> First);

/// <summary>
/// Recomputes what the indexes of a table must hold from its rows, and compares: every entry of every tree, and in every page above the leaves the place, the key and the summary of each
/// child. Not safe for threads.
/// </summary>
/// <param name="pages">where the trees' pages lie</param>
/// <param name="table">the table</param>
/// <param name="declared">its indexes</param>
public sealed class TableVerifier(IIndexPages pages, string table, TableIndexes declared)
{
    /// <summary>Differences that are told one by one; the others are counted.</summary>
    public const int Shown = 10;

    private readonly TableLayout _layout = new(table, declared);
    private readonly TableBuild _build = new(new TableLayout(table, declared));
    private readonly List<string> _first = [];
    private long _differences;
    private long _entries;
    private long _pages;

    /// <summary>Takes in a row, each once; what it holds is copied.</summary>
    public void Add(string primaryKey, long version, Document row) => _build.Add(new RowChange(primaryKey, version, row));

    /// <summary>Takes in a row, each once, a removed one too; what it holds is copied.</summary>
    internal void Add(RowChange row) => _build.Add(row);

    /// <summary>Takes in newer versions of some rows: of each the highest version counts.</summary>
    internal void Renew(IEnumerable<RowChange> rows) => _build.Renew(rows);

    /// <summary>Compares one state of the trees with the rows, which are those of that state.</summary>
    /// <param name="head">names the trees</param>
    /// <param name="cancellationToken">ends it</param>
    public async Task<VerifiedTable> VerifyAsync(IndexHead head, CancellationToken cancellationToken)
    {
        var at = 0;
        foreach (var list in _layout.Lists)
        {
            var found = await ReadAsync($"index {list.Name}", list.Shape, head.Trees[at++], cancellationToken);
            Compare($"index {list.Name}", list.Shape, _build.List(list), found);
        }

        foreach (var group in _layout.Groups)
        {
            var found = await ReadAsync($"group {group.Name}", group.Shape, head.Trees[at++], cancellationToken);
            Compare($"group {group.Name}", group.Shape, _build.Groups(group), found);
        }

        if (_layout.Search is not null)
        {
            var found = await ReadAsync("search", SearchEntries.Shape, head.Trees[at], cancellationToken);
            Compare("search", SearchEntries.Shape, _build.Words(), found);
        }

        if (_layout.Search is { IsFuzzy: true })
        {
            var found = await ReadAsync("search, mistyped words", Vocabulary.Shape, head.Trees[_layout.VocabularyTree], cancellationToken);
            Compare("search, mistyped words", Vocabulary.Shape, _build.Vocabulary(), found);
        }

        return new VerifiedTable(table, _build.Present, _entries, _pages, _differences, _first);
    }

    private async Task<List<TreeChange>> ReadAsync(string tree, TreeShape shape, TreeRoot root, CancellationToken cancellationToken)
    {
        var entries = new List<TreeChange>();
        if (!root.IsEmpty)
        {
            await ReadAsync(tree, shape, root.Root, entries, cancellationToken);
        }

        return entries;
    }

    /// <summary>Reads a subtree; null if its page is not there or damaged.</summary>
    private async Task<IndexPage?> ReadAsync(string tree, TreeShape shape, PageId id, List<TreeChange> entries, CancellationToken cancellationToken)
    {
        if (await PageAsync(tree, id, cancellationToken) is not { } page)
        {
            return null;
        }

        _pages++;
        for (var i = 0; i < page.Count; i++)
        {
            if (page.IsLeaf)
            {
                entries.Add(new TreeChange(page.Key(i), page.Payload(i).ToArray()));
                continue;
            }

            var child = ChildEntry.Of(page.Payload(i).Span, shape).Page;
            if (await ReadAsync(tree, shape, child, entries, cancellationToken) is { } below)
            {
                Require(below.Level == page.Level - 1 && below.Key(0).AsSpan().SequenceEqual(page.Key(i)), $"{tree}: page {child} is not where page {id} says");
                Require(new SummaryBuilder(shape).ChildOf(child, below).AsSpan().SequenceEqual(page.Payload(i).Span), $"{tree}: page {id} says of page {child} what does not follow from it");
            }
        }

        return page;
    }

    private async Task<IndexPage?> PageAsync(string tree, PageId id, CancellationToken cancellationToken)
    {
        try
        {
            var page = await pages.ReadAsync(table, id, cancellationToken);
            Require(page is not null, $"{tree}: page {id} is not there");
            return page;
        }
        catch (CorruptDataException fault)
        {
            Require(false, $"{tree}: page {id}: {fault.Message}");
            return null;
        }
    }

    /// <summary>Both are in order of their keys.</summary>
    private void Compare(string tree, TreeShape shape, ReadOnlySpan<TreeChange> expected, List<TreeChange> found)
    {
        _entries += found.Count;
        for (int left = 0, right = 0; left < expected.Length || right < found.Count;)
        {
            var order = left == expected.Length ? 1 : right == found.Count ? -1 : expected[left].Key.AsSpan().SequenceCompareTo(found[right].Key);
            if (order == 0)
            {
                Require(expected[left].Payload.AsSpan().SequenceEqual(found[right].Payload), $"{tree}: what it keeps of {Named(shape, expected[left].Key)} is not what the rows say");
            }
            else
            {
                Require(false, order < 0 ? $"{tree}: lacks {Named(shape, expected[left].Key)}" : $"{tree}: has {Named(shape, found[right].Key)}, which does not follow from the rows");
            }

            (left, right) = (left + (order <= 0 ? 1 : 0), right + (order >= 0 ? 1 : 0));
        }
    }

    private static string Named(TreeShape shape, byte[] key)
    {
        var primaryKey = Encoding.UTF8.GetString(shape.PrimaryKeyOf(key));
        var values = new List<string>();
        for (int i = 0, at = 0; i < shape.Columns.Count; i++)
        {
            var value = OrderedKey.Read(key.AsSpan(at), shape.Columns[i], out var length);
            values.Add($"{shape.Columns[i].Name} {value.Text ?? (value.Kind is null ? "null" : FormattableString.Invariant($"{value.Number:R}"))}");
            at += length;
        }

        return $"{string.Join(", ", values)}{(primaryKey.Length > 0 ? $" of {(shape == Vocabulary.Shape ? "word" : "row")} '{primaryKey}'" : "")}";
    }

    private void Require(bool isSo, string difference)
    {
        if (isSo)
        {
            return;
        }

        _differences++;
        if (_first.Count < Shown)
        {
            _first.Add(difference);
        }
    }
}
