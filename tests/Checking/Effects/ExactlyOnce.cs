using System.Globalization;
using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Effects;

/// <summary>
/// Holds what is in the data at the end against what was acknowledged: every committed operation is there once and whole, every refused one is not, and one whose outcome is unknown is there once and whole, or not at all.
/// </summary>
public static class ExactlyOnce
{
    /// <summary>By the values in lists.</summary>
    /// <param name="history">all operations that ever appended to these lists</param>
    /// <param name="lists">what the lists hold at the end. A list that is missing here is not looked at</param>
    public static IReadOnlyList<Anomaly> OfLists(History history, IReadOnlyDictionary<string, IReadOnlyList<long>> lists)
    {
        var found = new List<Anomaly>();
        var times = lists.ToDictionary(list => list.Key, list => list.Value.CountBy(value => value).ToDictionary(), StringComparer.Ordinal);
        foreach (var operation in history.Operations)
        {
            var appends = operation.Accesses.Where(access => access.Kind == AccessKind.Append && times.ContainsKey(access.Key)).ToList();
            var counts = appends.ConvertAll(append => times[append.Key].Remove(append.Value, out var count) ? count : 0);
            if (appends.Count > 0)
            {
                Judge(operation, counts, found);
            }
        }

        found.AddRange(times.SelectMany(list => list.Value.Keys.Select(value => new Anomaly("phantom", string.Create(CultureInfo.InvariantCulture, $"{value} is in {list.Key}, and nobody appended it.")))));
        return found;
    }

    /// <summary>By ids that operations leave behind: receipts, or ids counted by the data itself.</summary>
    /// <param name="history">all operations that ever left an id</param>
    /// <param name="ids">those found at the end, one found twice given twice</param>
    public static IReadOnlyList<Anomaly> OfIds(History history, IEnumerable<string> ids)
    {
        var found = new List<Anomaly>();
        var times = ids.CountBy(id => id).ToDictionary();
        foreach (var operation in history.Operations)
        {
            Judge(operation, [times.Remove(operation.Id, out var count) ? count : 0], found);
        }

        found.AddRange(times.Keys.Select(id => new Anomaly("phantom", $"{id} is in the data, and nobody asked for it.")));
        return found;
    }

    private static void Judge(Operation operation, List<int> counts, List<Anomaly> found)
    {
        var fault = (counts.Min(), counts.Max(), operation.Outcome) switch
        {
            (_, > 1, _) => ("happened twice", "It is in the data more than once"),
            (0, 0, Outcome.Committed) => ("lost", "It was acknowledged and is not in the data"),
            (_, 1, Outcome.Refused) => ("refused but there", "It was refused and is in the data"),
            (0, 1, _) => ("torn", "Only a part of it is in the data"),
            _ => default,
        };
        if (fault != default)
        {
            found.Add(new Anomaly(fault.Item1, $"{fault.Item2}: {operation}"));
        }
    }
}
