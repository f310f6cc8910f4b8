using Mjolnir.Core;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tables;

/// <summary>What a step changes in each tree of a table, collected row by row.</summary>
internal sealed class StepChanges
{
    private readonly TableLayout _layout;
    private readonly List<TreeChange> _rows = [];
    private readonly List<TreeChange>[] _lists;
    private readonly Dictionary<byte[], GroupRecord>[] _groups;
    private readonly List<TreeChange> _words = [];
    private readonly HashSet<byte[]> _terms = new(GroupKeys.Instance);

    public StepChanges(TableLayout layout)
    {
        _layout = layout;
        _lists = [.. layout.Lists.Select(_ => new List<TreeChange>())];
        _groups = [.. layout.Groups.Select(_ => new Dictionary<byte[], GroupRecord>(GroupKeys.Instance))];
    }

    /// <summary>A row has another record.</summary>
    /// <param name="primaryKey">its primary key</param>
    /// <param name="old">the record before; empty if there was none</param>
    /// <param name="record">the record from now on</param>
    public void Add(byte[] primaryKey, ReadOnlyMemory<byte> old, byte[] record)
    {
        _rows.Add(new TreeChange(primaryKey, record));
        var left = Image(old.Span);
        var came = Image(record);
        if (left.SequenceEqual(came))
        {
            return;
        }

        var leftStarts = left.IsEmpty ? null : RowImage.Starts(_layout, left);
        var cameStarts = came.IsEmpty ? null : RowImage.Starts(_layout, came);
        for (var i = 0; i < _lists.Length; i++)
        {
            AddToList(i, primaryKey, left, leftStarts, came, cameStarts);
        }

        for (var i = 0; i < _groups.Length; i++)
        {
            AddToGroup(i, left, leftStarts, -1);
            AddToGroup(i, came, cameStarts, 1);
        }

        if (_layout.Search is not null)
        {
            AddWords(leftStarts is null ? null : RowImage.Words(_layout, left, leftStarts, primaryKey), cameStarts is null ? null : RowImage.Words(_layout, came, cameStarts, primaryKey));
        }
    }

    /// <summary>Terms that came to rows or left them, as keys of the tree of words begin with them; none if their n-grams are not kept.</summary>
    public IReadOnlyCollection<byte[]> Terms => _terms;

    /// <summary>The changes of the tree of rows.</summary>
    public ReadOnlySpan<TreeChange> Rows() => TreeChange.Sorted(_rows);

    /// <summary>The changes of a list or a group's tree, counted as <see cref="TableTrees.Roots"/> are.</summary>
    /// <param name="tree">which</param>
    /// <param name="groupAt">the payload that a group has now; empty if there is no such group</param>
    public ReadOnlySpan<TreeChange> Tree(int tree, Func<byte[], ReadOnlyMemory<byte>> groupAt)
    {
        if (tree < _lists.Length)
        {
            return TreeChange.Sorted(_lists[tree]);
        }

        if (tree == _layout.WordTree)
        {
            return TreeChange.Sorted(_words);
        }

        var changes = new List<TreeChange>();
        foreach (var (key, difference) in _groups[tree - _lists.Length])
        {
            if (difference.IsNothing)
            {
                continue;
            }

            if (groupAt(key) is { IsEmpty: false } before)
            {
                difference.Add(GroupRecord.Read(before.Span, difference.Sums.Length));
            }

            Invariant.Require(difference.Count >= 0, $"A group of table {_layout.Table} would have {difference.Count} rows.");
            changes.Add(new TreeChange(key, difference.Count == 0 ? null : difference.ToPayload()));
        }

        return TreeChange.Sorted(changes);
    }

    /// <summary>The changes of the tree of n-grams: of terms that no row had before, and of those that none has any more.</summary>
    /// <param name="known">which of <see cref="Terms"/> some row had</param>
    /// <param name="isThere">true if some row has a term now</param>
    public ReadOnlySpan<TreeChange> Vocabulary(HashSet<byte[]> known, Func<byte[], bool> isThere)
    {
        var changes = new List<TreeChange>();
        foreach (var beginning in _terms.Where(term => known.Contains(term) != isThere(term)))
        {
            var term = OrderedKey.Read(beginning, SearchEntries.Shape.Columns[0], out _).Text!;
            if (Core.Text.Vocabulary.IsKept(term))
            {
                changes.AddRange(Core.Text.Vocabulary.Keys(term).Select(key => new TreeChange(key, known.Contains(beginning) ? null : [])));
            }
        }

        return TreeChange.Sorted(changes);
    }

    private static ReadOnlySpan<byte> Image(ReadOnlySpan<byte> record) => record.IsEmpty ? default : RowRecord.Image(record);

    private void AddToList(int list, byte[] primaryKey, ReadOnlySpan<byte> left, int[]? leftStarts, ReadOnlySpan<byte> came, int[]? cameStarts)
    {
        var tree = _layout.Lists[list];
        var oldKey = leftStarts is null ? null : RowImage.Key(tree, left, leftStarts, primaryKey);
        var newKey = cameStarts is null ? null : RowImage.Key(tree, came, cameStarts, primaryKey);
        var payload = cameStarts is null ? null : RowImage.Payload(tree, came, cameStarts);
        if (oldKey is not null && newKey is not null && oldKey.AsSpan().SequenceEqual(newKey))
        {
            if (!RowImage.Payload(tree, left, leftStarts!).AsSpan().SequenceEqual(payload))
            {
                _lists[list].Add(new TreeChange(newKey, payload));
            }

            return;
        }

        if (oldKey is not null)
        {
            _lists[list].Add(new TreeChange(oldKey, null));
        }

        if (newKey is not null)
        {
            _lists[list].Add(new TreeChange(newKey, payload));
        }
    }

    /// <summary>Entries that a row had and has not any more, and those that it has now; what stays the same is not touched.</summary>
    private void AddWords(IEnumerable<KeyValuePair<byte[], byte[]>>? left, IEnumerable<KeyValuePair<byte[], byte[]>>? came)
    {
        var before = (left ?? []).ToDictionary(GroupKeys.Instance);
        foreach (var (key, payload) in came ?? [])
        {
            var isThere = before.Remove(key, out var same);
            if (!isThere || !same.AsSpan().SequenceEqual(payload))
            {
                _words.Add(new TreeChange(key, payload));
            }

            if (!isThere)
            {
                AddTerm(key);
            }
        }

        foreach (var key in before.Keys)
        {
            _words.Add(new TreeChange(key, null));
            AddTerm(key);
        }
    }

    private void AddTerm(byte[] key)
    {
        if (_layout.Search!.IsFuzzy)
        {
            _terms.Add(key[..OrderedKey.LengthOf(key, SearchEntries.Shape.Columns[0])]);
        }
    }

    private void AddToGroup(int group, ReadOnlySpan<byte> image, int[]? starts, int sign)
    {
        if (starts is null)
        {
            return;
        }

        var tree = _layout.Groups[group];
        var key = RowImage.Key(tree, image, starts, []);
        if (!_groups[group].TryGetValue(key, out var difference))
        {
            _groups[group][key] = difference = new GroupRecord(tree.Sums.Length);
        }

        difference.AddRow(tree, image, starts, sign);
    }
}
