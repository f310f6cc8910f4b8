using System.Globalization;
using System.Text.Json;
using Mjolnir.Checking.Histories;

namespace Mjolnir.Faults.Tests;

/// <summary>A call of one of the ledger's handlers, and what its answer says of the data.</summary>
/// <param name="Id">the id that makes it happen once</param>
/// <param name="Handler">the handler</param>
/// <param name="Json">the message</param>
/// <param name="Intended">the writes that it asks for, as far as they are known before</param>
/// <param name="Seen">reads and writes, from the result</param>
internal sealed record LedgerCall(string Id, string Handler, string Json, IReadOnlyList<Access> Intended, Func<JsonElement, IReadOnlyList<Access>> Seen)
{
    /// <summary>All accounts at once.</summary>
    public static LedgerCall Audit(string id) => new(
        id,
        "balances",
        $$"""{"args":[{{FaultLimits.Accounts}}]}""",
        [],
        result => [.. result.EnumerateArray().Select((account, i) => Access.Read($"n{i}", account[1].GetInt64(), account[0].GetInt64()))]);
}

/// <summary>One transfer as a client means it. Its number is unique, and also the id under which the server knows it.</summary>
internal sealed record Transfer(string Number, int From, int To, int Amount)
{
    public string Json => $$"""{"id":"{{Number}}","args":["{{Number}}","n{{From}}","n{{To}}",{{Amount}}]}""";

    public LedgerCall Call => new(Number, "transfer", Json, [Access.WriteOfUnknownVersion($"n{From}"), Access.WriteOfUnknownVersion($"n{To}")], Seen);

    /// <summary>An account's version is the number of its moves.</summary>
    private IReadOnlyList<Access> Seen(JsonElement result)
    {
        Assert.Equal(Number, result[0].GetString());
        return [.. Moved($"n{From}", result[1].GetInt64(), result[2].GetInt64(), -Amount), .. Moved($"n{To}", result[3].GetInt64(), result[4].GetInt64(), Amount)];
    }

    private static IEnumerable<Access> Moved(string account, long balance, long moves, int by) =>
        [Access.Read(account, moves, balance), Access.Write(account, moves + 1, balance + by)];
}

/// <summary>What a step does to its row, or rows.</summary>
internal enum StepKind
{
    /// <summary>Puts a value at the end of a list.</summary>
    Append,

    /// <summary>Reads a list.</summary>
    List,

    /// <summary>Counts one up.</summary>
    Count,

    /// <summary>Creates an item, or removes it if it is there. How often that was done is in another row.</summary>
    Toggle,

    /// <summary>Looks whether an item is there.</summary>
    Look,
}

/// <summary>A step of a transaction over lists, counters and items.</summary>
/// <param name="Kind">what it does</param>
/// <param name="Key">the row, of its kind's table</param>
/// <param name="Value">appended, or the tag of an item that is created; unique</param>
internal sealed record Step(StepKind Kind, string Key, long Value)
{
    public static LedgerCall Call(string id, IReadOnlyList<Step> steps)
    {
        var json = string.Join(',', steps.Select(step => string.Create(CultureInfo.InvariantCulture, $"[\"{step.Kind.ToString().ToLowerInvariant()}\",\"{step.Key}\",{step.Value}]")));
        return new(
            id,
            "perform",
            $$"""{"id":"{{id}}","args":[[{{json}}]]}""",
            [.. steps.SelectMany(step => step.Intended)],
            result => [.. steps.SelectMany((step, i) => step.Seen(result[i]))]);
    }

    private IReadOnlyList<Access> Intended => Kind switch
    {
        StepKind.Append => [Access.Append(Key, Value)],
        StepKind.Count or StepKind.Toggle => [Access.WriteOfUnknownVersion(Key)],
        _ => [],
    };

    private IReadOnlyList<Access> Seen(JsonElement result) => Kind switch
    {
        StepKind.Append => [Access.Append(Key, Value)],
        StepKind.List => [Access.ReadList(Key, Entries(result.GetString()!))],
        StepKind.Count => [Access.Read(Key, result.GetInt64(), result.GetInt64()), Access.Write(Key, result.GetInt64() + 1, result.GetInt64() + 1)],
        StepKind.Toggle => [Item(result), Access.Write(Key, result[0].GetInt64() + 1, result[1].GetInt64() == 0 ? Value : 0)],
        _ => [Item(result)],
    };

    /// <summary>Its version is in one row, and its tag is another one's being there: two rows that must always agree.</summary>
    private Access Item(JsonElement result) => Access.Read(Key, result[0].GetInt64(), result[1].GetInt64());

    private static long[] Entries(string entries) => entries.Length == 0 ? [] : [.. entries.Split(',').Select(entry => long.Parse(entry, CultureInfo.InvariantCulture))];
}
