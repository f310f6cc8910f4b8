using System.Text;
using Mjolnir.Core;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tables;

/// <summary>
/// All trees of a table as its writer has them. A step:
/// <code>
/// 1 of each row the highest version counts, and only if it is above the one applied before
/// 2 the old image (from the tree of rows) and the new one tell which entries leave and which come; an entry that stays the same is not touched
/// 3 each tree is changed once
/// </code>
/// A step that fails changes nothing. Not safe for threads.
/// </summary>
internal sealed class TableTrees
{
    private readonly TableLayout _layout;
    private readonly TreeEditor _rowEditor;
    private readonly TreeEditor[] _editors;
    private TreeRoot _rows;
    private TreeRoot[] _roots;
    private (TreeRoot Rows, TreeRoot[] Roots) _settled;

    public TableTrees(TableLayout layout, long term, PageSizes sizes)
    {
        _layout = layout;
        (RowPages, Pages) = (new PageSet(term), new PageSet(term));
        _rowEditor = new TreeEditor(TableLayout.Rows, RowPages, sizes);
        _editors = [.. layout.Shapes.Select(shape => new TreeEditor(shape, Pages, sizes))];
        _roots = new TreeRoot[_editors.Length];
        _settled = (_rows, _roots);
    }

    /// <summary>Pages of the lists and groups: those that readers see.</summary>
    public PageSet Pages { get; }

    /// <summary>Pages of the tree of rows: the writer's own.</summary>
    public PageSet RowPages { get; }

    /// <summary>The trees of the lists, then of the groups, then of words and of their n-grams.</summary>
    public IReadOnlyList<TreeRoot> Roots => _roots;

    /// <summary>Rows in the tree of rows, removed ones that are remembered too.</summary>
    public long Rows => TreeLookup.Count(RowPages, TableLayout.Rows, _rows);

    /// <summary>Applies changes of rows, in any order, the same one any number of times. What was changed counts after <see cref="Settle"/>.</summary>
    public void Apply(IEnumerable<RowChange> rows)
    {
        try
        {
            var changes = new StepChanges(_layout);
            foreach (var row in NewestOf(rows))
            {
                Collect(changes, row);
            }

            _rows = _rowEditor.Apply(_rows, changes.Rows());
            var known = changes.Terms.Where(term => HasTerm(_roots[_layout.WordTree], term)).ToHashSet(GroupKeys.Instance);
            var roots = new TreeRoot[_roots.Length];
            for (var i = 0; i < roots.Length; i++)
            {
                var tree = i;
                var at = _roots[i];
                roots[i] = _editors[i].Apply(at, i == _layout.VocabularyTree
                    ? changes.Vocabulary(known, term => HasTerm(roots[_layout.WordTree], term))
                    : changes.Tree(i, key => Group(tree, at, key)));
            }

            _roots = roots;
        }
        catch
        {
            Undo();
            throw;
        }
    }

    /// <summary>Makes the trees of a table that has none yet: tree by tree, pages full from the left. Counts after <see cref="Settle"/>.</summary>
    /// <param name="build">its rows</param>
    public void Build(TableBuild build)
    {
        Invariant.Require(_rows.IsEmpty, $"Table {_layout.Table} is built over trees that are there.");
        try
        {
            var roots = new TreeRoot[_roots.Length];
            for (var i = 0; i < roots.Length; i++)
            {
                roots[i] = _editors[i].Apply(TreeRoot.Empty, i < _layout.Lists.Count ? build.List(_layout.Lists[i])
                    : i < _layout.Lists.Count + _layout.Groups.Count ? build.Groups(_layout.Groups[i - _layout.Lists.Count])
                    : i == _layout.WordTree ? build.Words()
                    : build.Vocabulary());
            }

            _rows = _rowEditor.Apply(TreeRoot.Empty, build.Rows());
            _roots = roots;
        }
        catch
        {
            Undo();
            throw;
        }
    }

    /// <summary>The step counts.</summary>
    /// <returns>the pages that it replaced and readers may have found: their memory is to be given back (<see cref="Free"/>)</returns>
    public IReadOnlyList<IndexPage> Settle()
    {
        foreach (var page in RowPages.Settle())
        {
            RowPages.Buffers.Return(page);
        }

        _settled = (_rows, _roots);
        return Pages.Settle();
    }

    /// <summary>Nobody looks at these pages any more.</summary>
    public void Free(IReadOnlyList<IndexPage> replaced)
    {
        foreach (var page in replaced)
        {
            Pages.Buffers.Return(page);
        }
    }

    /// <summary>Everything is as it was at the last <see cref="Settle"/>.</summary>
    public void Undo()
    {
        Pages.Undo();
        RowPages.Undo();
        (_rows, _roots) = _settled;
    }

    private static Dictionary<string, RowChange>.ValueCollection NewestOf(IEnumerable<RowChange> rows)
    {
        var newest = new Dictionary<string, RowChange>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (!newest.TryGetValue(row.PrimaryKey, out var known) || row.Version > known.Version)
            {
                newest[row.PrimaryKey] = row;
            }
        }

        return newest.Values;
    }

    private void Collect(StepChanges changes, RowChange row)
    {
        var primaryKey = Encoding.UTF8.GetBytes(row.PrimaryKey);
        var isKnown = TreeLookup.TryFind(RowPages, TableLayout.Rows, _rows, primaryKey, out var old);
        if (!isKnown || RowRecord.Version(old.Span) < row.Version)
        {
            changes.Add(primaryKey, isKnown ? old : default, RowRecord.Of(_layout, row));
        }
    }

    private bool HasTerm(TreeRoot words, byte[] term) => TreeLookup.HasAny(Pages, SearchEntries.Shape, words, term);

    private ReadOnlyMemory<byte> Group(int tree, TreeRoot root, byte[] key) =>
        TreeLookup.TryFind(Pages, _layout.Groups[tree - _layout.Lists.Count].Shape, root, key, out var payload) ? payload : default;
}
