using System.Text;
using System.Text.Json;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>Rows counted per value by looking at all of them.</summary>
internal static class PlainFacets
{
    /// <summary>Bytes by which an index tells texts apart.</summary>
    private const int TextBytes = 128;

    /// <summary>Fails unless a handler got what there is.</summary>
    /// <param name="rows">the rows counted</param>
    /// <param name="by">the columns that make groups</param>
    /// <param name="result">what <c>facets</c> gave</param>
    public static void RequireSame(IEnumerable<PlainEvent> rows, string[] by, JsonElement result)
    {
        var expected = rows.GroupBy(row => string.Join(' ', by.Select(name => Cut(row, name))))
            .Select(group => (group.Key, Count: group.Count(), Sum: group.Sum(row => row.Price ?? 0), Priced: group.Count(row => row.Price is not null)))
            .ToDictionary(group => group.Key);
        var found = result.EnumerateArray().ToList();

        Assert.Equal(expected.Values.Select(group => group.Count).OrderDescending(), found.Select(group => group.GetProperty("count").GetInt32()));
        foreach (var group in found)
        {
            var value = group.GetProperty("value");
            var key = string.Join(' ', by.Select(name => Shown(by.Length == 1 ? value : value.GetProperty(name))));
            Assert.True(expected.Remove(key, out var same), $"There is no group {key}.");
            Assert.Equal(same.Count, group.GetProperty("count").GetInt32());
            if (group.GetProperty("sum").TryGetProperty("price", out var sum))
            {
                var average = group.GetProperty("average").GetProperty("price");
                Assert.Equal(same.Sum, sum.GetInt64());
                Assert.Equal(same.Priced == 0 ? (double?)null : same.Sum / (double)same.Priced, average.ValueKind == JsonValueKind.Null ? null : average.GetDouble());
            }
        }

        Assert.Empty(expected);
    }

    /// <summary>A value as a handler gets it: of a text as much as an index holds.</summary>
    private static string Cut(PlainEvent row, string column)
    {
        var value = JsonDocument.Parse(row.ToJson()[column]?.ToJsonString() ?? "null").RootElement;
        var shown = Shown(value);
        while (value.ValueKind == JsonValueKind.String && Encoding.UTF8.GetByteCount(shown) > TextBytes + "String:".Length)
        {
            shown = shown[..^1];
        }

        return shown;
    }

    private static string Shown(JsonElement value) => $"{value.ValueKind}:{value}";
}
