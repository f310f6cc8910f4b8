using System.Text;
using System.Text.Json.Nodes;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>A row as a test knows it.</summary>
internal sealed record PlainEvent(string Id, string? City, long? Day, long? Price, bool? Open)
{
    public JsonObject ToJson() => new() { ["id"] = Id, ["city"] = City, ["day"] = Day, ["price"] = Price, ["open"] = Open };

    /// <summary>A column's value as it is compared: null least, numbers and booleans by value, texts by code points as far as an index compares them.</summary>
    public IComparable? Of(string column) => column switch
    {
        "city" => City is null ? null : new Points(City),
        "day" => Day,
        "price" => Price,
        "open" => Open,
        _ => new Points(Id),
    };

    /// <summary>A text that compares by code points; what is behind the first hundred is told apart by equality only.</summary>
    public sealed record Points(string Text) : IComparable
    {
        public int CompareTo(object? other) => Bytes(Text).AsSpan().SequenceCompareTo(Bytes(((Points)other!).Text));

        private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text.Length > 100 ? text[..100] : text);
    }
}

/// <summary>A query as a test knows it: which rows, and by which column they are sorted.</summary>
/// <param name="Asked">as the handler gets it</param>
/// <param name="IsMeant">tells the rows</param>
/// <param name="Order">the column; null for any order</param>
/// <param name="Descending">the largest first</param>
internal sealed record PlainQuery(JsonObject Asked, Func<PlainEvent, bool> IsMeant, string? Order, bool Descending)
{
    public JsonObject With(string name, JsonNode? value)
    {
        var asked = (JsonObject)Asked.DeepClone();
        asked[name] = value;
        return asked;
    }

    /// <summary>The values by which rows are sorted, in the order in which they must come.</summary>
    public List<IComparable?> Sorted(IEnumerable<PlainEvent> rows)
    {
        var values = rows.Select(row => row.Of(Order!)).Order(Comparer<IComparable?>.Default).ToList();
        if (Descending)
        {
            values.Reverse();
        }

        return values;
    }
}

/// <summary>Draws declarations, rows and queries that the declarations answer.</summary>
internal sealed class EventDraw(Random random)
{
    private static readonly string[] Columns = ["city", "day", "price", "open"];

    private static readonly string?[] Cities =
        [null, "", "Oslo", "Rom", "Wien", "Zürich", "\uFF21", "\U0001F600", "a\u0000b", new string('x', 140) + "1", new string('x', 140) + "2", new string('é', 62), new string('é', 62) + "!"];

    private List<(List<(string Name, bool Descending)> Columns, (string Name, bool Descending)? Order, bool IsSummed)> _declared = [];

    private List<List<(string Name, bool Descending)>> _groups = [];

    public string Declarations()
    {
        _declared = [];
        var json = new JsonObject();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var columns = Shuffled().Take(random.Next(1, 4)).Select(name => (name, random.Next(3) == 0)).ToList();
            var others = Columns.Except(columns.Select(column => column.name)).ToArray();
            (string, bool)? order = others.Length > 0 && random.Next(2) == 0 ? (others[random.Next(others.Length)], random.Next(3) == 0) : null;
            var isSummed = random.Next(2) == 0;
            _declared.Add((columns, order, isSummed));
            var index = new JsonObject { ["columns"] = new JsonArray([.. columns.Select(column => (JsonNode)Written(column))]) };
            if (order is { } by)
            {
                index["order"] = Written(by);
            }

            if (isSummed)
            {
                index["sum"] = new JsonArray("price");
            }

            json[$"i{i}"] = index;
        }

        // Everything, in some order: for the rows as a whole.
        _declared.Add(([("price", false)], null, true));
        json["byPrice"] = new JsonObject { ["columns"] = new JsonArray("price"), ["sum"] = new JsonArray("price") };
        return $"{json.ToJsonString()}, \"groups\": {Groups().ToJsonString()}";
    }

    private JsonObject Groups()
    {
        _groups = [];
        var json = new JsonObject();
        for (var i = random.Next(3); i > 0; i--)
        {
            var columns = Shuffled().Take(random.Next(1, 4)).Select(name => (name, Descending: random.Next(3) == 0)).ToList();
            _groups.Add(columns);
            json[$"g{i}"] = new JsonObject { ["columns"] = new JsonArray([.. columns.Select(column => (JsonNode)Written(column))]), ["sum"] = new JsonArray("price") };
        }

        return json;
    }

    /// <summary>A question how many rows there are per value, which one of the declarations answers: the query, and the columns that make groups, in some order.</summary>
    public (PlainQuery Query, string[] By) Facets()
    {
        var trees = _declared.Select(index => index.Columns).Concat(_groups).ToList();
        var columns = trees[random.Next(trees.Count)].ConvertAll(column => column.Name);
        var equal = random.Next(columns.Count);
        var by = columns.Skip(equal).Take(random.Next(1, columns.Count - equal + 1)).ToArray();
        random.Shuffle(by);
        var (where, meant) = Equal(columns.Take(equal));
        return (new PlainQuery(new JsonObject { ["where"] = where, ["by"] = new JsonArray([.. by.Select(name => (JsonNode)name)]) }, row => meant.TrueForAll(each => each(row)), null, false), by);
    }

    public PlainEvent Event(int ids) => new(
        $"e{random.Next(ids)}",
        Cities[random.Next(Cities.Length)],
        random.Next(8) == 0 ? null : random.Next(20),
        random.Next(8) == 0 ? null : random.Next(-3, 12),
        random.Next(3) switch { 0 => null, 1 => true, _ => false });

    /// <summary>One change in four takes a row away.</summary>
    public bool IsRemoved() => random.Next(4) == 0;

    /// <summary>A query that one of the declarations answers, with a sum.</summary>
    public PlainQuery Summed() => Query(_declared.Where(index => index.IsSummed).ToList());

    public PlainQuery Query() => Query(_declared);

    private PlainQuery Query(List<(List<(string Name, bool Descending)> Columns, (string Name, bool Descending)? Order, bool IsSummed)> declared)
    {
        var (columns, order, _) = declared[random.Next(declared.Count)];
        var equal = random.Next(columns.Count + 1);
        var (where, meant) = Equal(columns.Take(equal).Select(column => column.Name));

        if (equal < columns.Count && random.Next(2) == 0)
        {
            var range = Range(columns[equal].Name, where);
            meant.Add(range);
        }

        (string Name, bool Descending)? by = (equal < columns.Count, random.Next(3)) switch
        {
            (true, 0) => (columns[equal].Name, random.Next(2) == 0),
            (_, 1) when order is not null => order,
            _ => null,
        };
        var asked = new JsonObject { ["where"] = where };
        if (by is { } sorted)
        {
            asked["order"] = Written(sorted);
        }

        return new PlainQuery(asked, row => meant.TrueForAll(each => each(row)), by?.Name, by?.Descending ?? false);
    }

    /// <summary>Conditions that these columns have one value each.</summary>
    private (JsonObject Where, List<Func<PlainEvent, bool>> Meant) Equal(IEnumerable<string> columns)
    {
        var model = Event(1);
        var where = new JsonObject();
        var meant = new List<Func<PlainEvent, bool>>();
        foreach (var name in columns)
        {
            where[name] = model.ToJson()[name]?.DeepClone();
            meant.Add(row => Equals(row.Of(name), model.Of(name)));
        }

        return (where, meant);
    }

    private Func<PlainEvent, bool> Range(string column, JsonObject where)
    {
        var (low, high) = (random.Next(3) > 0 ? Event(1) : null, random.Next(3) > 0 ? Event(1) : null);
        low = low?.Of(column) is null ? null : low;
        high = high?.Of(column) is null ? null : high;
        if (low is null && high is null)
        {
            return static _ => true;
        }

        var (isFrom, isTo) = (random.Next(2) == 0, random.Next(2) == 0);
        var bounds = new JsonObject();
        if (low is not null)
        {
            bounds[isFrom ? "from" : "above"] = low.ToJson()[column]!.DeepClone();
        }

        if (high is not null)
        {
            bounds[isTo ? "to" : "below"] = high.ToJson()[column]!.DeepClone();
        }

        where[column] = bounds;
        return row => row.Of(column) is { } value && IsAbove(value, low?.Of(column), isFrom) && IsBelow(value, high?.Of(column), isTo);
    }

    // Bounds tell texts apart to their ends.
    private static int Exactly(IComparable left, IComparable right) =>
        left is PlainEvent.Points a && right is PlainEvent.Points b ? Encoding.UTF8.GetBytes(a.Text).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b.Text)) : left.CompareTo(right);

    private static bool IsAbove(IComparable value, IComparable? bound, bool isIncluded) => bound is null || Exactly(value, bound) is var order && (order > 0 || (order == 0 && isIncluded));

    private static bool IsBelow(IComparable value, IComparable? bound, bool isIncluded) => bound is null || Exactly(value, bound) is var order && (order < 0 || (order == 0 && isIncluded));

    private IEnumerable<string> Shuffled()
    {
        var names = (string[])Columns.Clone();
        random.Shuffle(names);
        return names;
    }

    private static string Written((string Name, bool Descending) column) => (column.Descending ? "-" : "") + column.Name;
}
