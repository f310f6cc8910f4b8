using System.Buffers;
using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tests.Trees;

/// <summary>A row of the trees under test: sorted by <paramref name="Day"/>, its declared order is <paramref name="Price"/>.</summary>
internal sealed record Item(int Id, int Day, int? Price, int? Amount);

/// <summary>A tree beside a plain dictionary of what ought to be in it.</summary>
internal sealed class TreeModel
{
    public static readonly PageSizes Small = new(200, 900);

    private readonly PageSizes _sizes;
    private readonly TreeEditor _editor;

    public TreeModel(bool isDescending, PageSizes sizes)
    {
        _sizes = sizes;
        Shape = new TreeShape([new("day", IndexedKind.Number)], new("price", IndexedKind.Number, isDescending), 1);
        _editor = new TreeEditor(Shape, Pages, sizes);
    }

    public TreeShape Shape { get; }

    public PageSet Pages { get; } = new(term: 1);

    public TreeRoot Root { get; private set; }

    public Dictionary<int, Item> Items { get; } = [];

    public int Height => Root.IsEmpty ? 0 : Pages[Root.Root].Level + 1;

    /// <summary>One step: items that come, change or, without a new state, leave.</summary>
    public void Step(IReadOnlyDictionary<int, Item?> items)
    {
        var changes = new List<TreeChange>();
        foreach (var (id, item) in items)
        {
            var old = Items.GetValueOrDefault(id);
            if (old is not null && (item is null || item.Day != old.Day))
            {
                changes.Add(new TreeChange(Key(old), null));
            }

            if (item is not null)
            {
                changes.Add(new TreeChange(Key(item), Payload(item)));
            }
        }

        changes.Sort((left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        Root = _editor.Apply(Root, changes.ToArray());
        foreach (var (id, item) in items)
        {
            if (item is null)
            {
                Items.Remove(id);
            }
            else
            {
                Items[id] = item;
            }
        }
    }

    /// <summary>Every page is right, none is left over, and the entries are those of the dictionary.</summary>
    public void Check()
    {
        var seen = new HashSet<PageId>();
        var entries = TreeAudit.Entries(Pages, Shape, Root, _sizes, seen);

        Assert.Equal(Items.Values.OrderBy(item => Key(item), Bytes.Instance).Select(item => Convert.ToHexString([.. Key(item), .. Payload(item)])), entries.Select(e => Convert.ToHexString([.. e.Key, .. e.Payload])));
        Assert.Equal(seen.Count, Pages.Count - Pages.Replaced.Count);
        Assert.Equal(Pages.Bytes, seen.Concat(Pages.Replaced).Sum(id => (long)Pages[id].Bytes.Length));
    }

    public List<int> Range(KeyRange range, bool isBackward, long skip, int limit, out int pagesRead)
    {
        var walk = new RangeWalk(Shape, Root, range, isBackward, skip, limit);
        pagesRead = Run(walk);
        return [.. walk.Found.Select(entry => int.Parse(Shape.PrimaryKeyOf(entry.Key)))];
    }

    public (long Count, ColumnSum Sum) Sum(KeyRange range, out int pagesRead)
    {
        var walk = new SumWalk(Shape, Root, range);
        pagesRead = Run(walk);
        return (walk.Count, walk.Sums[0]);
    }

    public List<byte[]> Top(KeyRange range, byte[] after, int limit, out int pagesRead)
    {
        var walk = new TopWalk(Shape, Root, range, after, limit);
        pagesRead = Run(walk);
        return [.. walk.Found];
    }

    public int IdOf(byte[] place) => int.Parse(Shape.PrimaryKeyOfPlace(place));

    /// <summary>All items from day <paramref name="from"/> on and before day <paramref name="to"/>, by day.</summary>
    public IEnumerable<Item> Between(int from, int to) => Items.Values.Where(item => item.Day >= from && item.Day < to).OrderBy(item => Key(item), Bytes.Instance);

    /// <summary>The same by price: null first or, descending, last; then by id.</summary>
    public IEnumerable<Item> BetweenByPrice(int from, int to)
    {
        var items = Between(from, to).OrderBy(item => (Shape.Order!.Descending ? -1 : 1) * (item.Price ?? -1_000_000));
        return items.ThenBy(item => item.Id.ToString(), StringComparer.Ordinal);
    }

    public static KeyRange Days(int from, int to) =>
        KeyRanges.Of([new("day", IndexedKind.Number)], [], new ValueBound(IndexValue.Of(from), true), new ValueBound(IndexValue.Of(to), false));

    public byte[] Key(Item item)
    {
        var key = new ArrayBufferWriter<byte>();
        OrderedKey.AppendNumber(key, item.Day);
        key.Write(Encoding.UTF8.GetBytes(item.Id.ToString()));
        return key.WrittenSpan.ToArray();
    }

    private byte[] Payload(Item item)
    {
        var payload = new ArrayBufferWriter<byte>();
        KeyRanges.Append(payload, Shape.Order!, Value(item.Price));
        OrderedKey.Append(payload, IndexedKind.Number, Value(item.Amount));
        return payload.WrittenSpan.ToArray();
    }

    private static IndexValue Value(int? number) => number is { } n ? IndexValue.Of(n) : IndexValue.Null;

    private int Run(IndexWalk walk)
    {
        while (walk.TryNext(out var page))
        {
            walk.Give(Pages[page]);
        }

        return walk.PagesRead;
    }

    internal sealed class Bytes : IComparer<byte[]>
    {
        public static readonly Bytes Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
