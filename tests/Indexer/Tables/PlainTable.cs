using System.Text;
using System.Text.Json;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Indexer.Tests.Tables;

/// <summary>Values of a row by column; a missing one is null. What an index makes of a row is compared with what is computed from these, without any encoding.</summary>
internal sealed record PlainRow(string PrimaryKey, IReadOnlyDictionary<string, object> Values)
{
    public object? this[string column] => Values.GetValueOrDefault(column);

    /// <summary>The row as it is stored, with a value of a wrong type where a column is to count as null in spite of it.</summary>
    public Document ToDocument(bool isOdd)
    {
        var fields = new Dictionary<string, object?> { ["id"] = PrimaryKey, ["other"] = new[] { 1, 2 } };
        foreach (var column in PlainTable.Columns)
        {
            fields[column.Name] = this[column.Name] ?? (isOdd ? new { wrong = true } : null);
        }

        return new Document(JsonSerializer.SerializeToUtf8Bytes(fields));
    }
}

/// <summary>The plain in-memory evaluation that indexes are compared with.</summary>
internal static class PlainTable
{
    public static readonly IndexColumn[] Columns = [new("s", IndexedKind.Text), new("n", IndexedKind.Number), new("m", IndexedKind.Number), new("b", IndexedKind.Boolean)];

    private static readonly object[] Texts = ["", "a", "A", "ab", "b\0", "zoë", "漢字", "𝄞", new string('x', 200)];

    /// <summary>A value for a column; null in one case of six.</summary>
    public static object? Value(IndexColumn column, Random random) => random.Next(6) == 0 ? null : column.Kind switch
    {
        IndexedKind.Text => Texts[random.Next(Texts.Length)],
        IndexedKind.Boolean => random.Next(2) == 0,
        _ => (double)random.Next(-4, 5),
    };

    /// <summary>Some lists and groups.</summary>
    public static TableIndexes Declared(Random random) => new(
        [.. Enumerable.Range(0, random.Next(1, 4)).Select(i => new IndexDeclaration($"list{i}", Chosen(random), random.Next(2) == 0 ? null : Directed(random, Columns[random.Next(4)]), Sums(random), IsUnique: false))],
        [.. Enumerable.Range(0, random.Next(3)).Select(i => new GroupDeclaration($"group{i}", Chosen(random), Sums(random)))],
        null);

    public static int Compare(IndexColumn column, object? left, object? right)
    {
        var order = (left, right) switch
        {
            (null, null) => 0,
            (null, _) => -1,
            (_, null) => 1,
            (string one, string other) => ByBytes(one, other),
            (IComparable one, _) => one.CompareTo(right),
            _ => throw new InvalidOperationException("values that do not compare"),
        };
        return column.Descending ? -order : order;
    }

    public static IEnumerable<PlainRow> Sorted(IEnumerable<PlainRow> rows, IReadOnlyList<IndexColumn> columns) => rows.Order(Comparer<PlainRow>.Create((left, right) =>
    {
        foreach (var column in columns)
        {
            if (Compare(column, left[column.Name], right[column.Name]) is not 0 and var order)
            {
                return order;
            }
        }

        return ByBytes(left.PrimaryKey, right.PrimaryKey);
    }));

    public static IndexValue ToIndexed(object? value) => value switch
    {
        null => IndexValue.Null,
        string text => IndexValue.Of(text),
        bool truth => IndexValue.Of(truth),
        _ => IndexValue.Of((double)value),
    };

    public static ColumnSum Sum(IEnumerable<PlainRow> rows, string column)
    {
        var values = rows.Select(row => row[column]).OfType<double>().ToList();
        return new ColumnSum((Int128)values.Sum(), values.Count);
    }

    private static int ByBytes(string left, string right) => Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    private static IndexColumn[] Chosen(Random random)
    {
        var columns = Columns.ToArray();
        random.Shuffle(columns);
        return [.. columns.Take(random.Next(1, 4)).Select(column => Directed(random, column))];
    }

    private static IndexColumn Directed(Random random, IndexColumn column) => column with { Descending = random.Next(2) == 0 };

    private static string[] Sums(Random random) => random.Next(3) switch { 0 => [], 1 => ["n"], _ => ["m", "n"] };
}
