using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tables;

/// <summary>The entries of all trees of a table whose rows are known, one tree at a time: what is held is a record of each row and the entries of one tree.</summary>
internal sealed class TableBuild
{
    private readonly TableLayout _layout;
    private readonly List<TreeChange> _rows = [];

    public TableBuild(TableLayout layout) => _layout = layout;

    public TableBuild(TableLayout layout, IEnumerable<RowChange> rows)
        : this(layout)
    {
        foreach (var row in rows)
        {
            Add(row);
        }
    }

    /// <summary>Rows taken in so far.</summary>
    public int Count => _rows.Count;

    /// <summary>Takes in a row, each once; what it holds is copied.</summary>
    public void Add(RowChange row) => _rows.Add(new TreeChange(Encoding.UTF8.GetBytes(row.PrimaryKey), RowRecord.Of(_layout, row)));

    /// <summary>Of these the rows that are there; the others were removed, and are remembered.</summary>
    public int Present => _rows.Count(static row => !RowRecord.Image(row.Payload).IsEmpty);

    /// <summary>Takes in other versions of rows, or other rows: of each the highest version counts.</summary>
    public void Renew(IEnumerable<RowChange> rows)
    {
        var newer = rows.ToDictionary(static row => row.PrimaryKey, StringComparer.Ordinal);
        for (var i = 0; i < _rows.Count; i++)
        {
            if (newer.Remove(Encoding.UTF8.GetString(_rows[i].Key), out var row) && row.Version > RowRecord.Version(_rows[i].Payload))
            {
                _rows[i] = _rows[i] with { Payload = RowRecord.Of(_layout, row) };
            }
        }

        foreach (var row in newer.Values)
        {
            Add(row);
        }
    }

    /// <summary>The tree of rows.</summary>
    public ReadOnlySpan<TreeChange> Rows() => TreeChange.Sorted(_rows);

    /// <summary>The tree of a list.</summary>
    public ReadOnlySpan<TreeChange> List(TreeLayout tree)
    {
        var entries = new List<TreeChange>(_rows.Count);
        foreach (var row in _rows)
        {
            if (RowRecord.Image(row.Payload) is { IsEmpty: false } image)
            {
                var starts = RowImage.Starts(_layout, image);
                entries.Add(new TreeChange(RowImage.Key(tree, image, starts, row.Key), RowImage.Payload(tree, image, starts)));
            }
        }

        return TreeChange.Sorted(entries);
    }

    /// <summary>The tree of words.</summary>
    public ReadOnlySpan<TreeChange> Words()
    {
        var entries = new List<TreeChange>();
        foreach (var row in _rows)
        {
            if (RowRecord.Image(row.Payload) is { IsEmpty: false } image)
            {
                entries.AddRange(RowImage.Words(_layout, image, RowImage.Starts(_layout, image), row.Key).Select(static word => new TreeChange(word.Key, word.Value)));
            }
        }

        return TreeChange.Sorted(entries);
    }

    /// <summary>The tree of the words' n-grams.</summary>
    public ReadOnlySpan<TreeChange> Vocabulary()
    {
        var terms = new HashSet<string>(StringComparer.Ordinal);
        foreach (var row in _rows)
        {
            if (RowRecord.Image(row.Payload) is { IsEmpty: false } image)
            {
                terms.UnionWith(RowImage.Text(image, RowImage.Starts(_layout, image)).Terms.Select(static term => term.Term));
            }
        }

        return TreeChange.Sorted([.. terms.Where(Core.Text.Vocabulary.IsKept).SelectMany(Core.Text.Vocabulary.Keys).Select(static key => new TreeChange(key, []))]);
    }

    /// <summary>The tree of a group.</summary>
    public ReadOnlySpan<TreeChange> Groups(TreeLayout tree)
    {
        var groups = new Dictionary<byte[], GroupRecord>(GroupKeys.Instance);
        foreach (var row in _rows)
        {
            if (RowRecord.Image(row.Payload) is { IsEmpty: false } image)
            {
                var starts = RowImage.Starts(_layout, image);
                var key = RowImage.Key(tree, image, starts, []);
                if (!groups.TryGetValue(key, out var group))
                {
                    groups[key] = group = new GroupRecord(tree.Sums.Length);
                }

                group.AddRow(tree, image, starts, 1);
            }
        }

        return TreeChange.Sorted([.. groups.Select(group => new TreeChange(group.Key, group.Value.ToPayload()))]);
    }
}
