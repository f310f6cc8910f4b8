using System.Globalization;

namespace Mjolnir.Faults.Tests;

/// <summary>What clients do: transfers, and transactions over lists, counters and items of this load's own. Drawn from the seed.</summary>
/// <param name="name">begins all ids and keys: another load on the same data has another one</param>
/// <param name="accounts">among which money is moved</param>
internal sealed class LedgerLoad(string name, int accounts = FaultLimits.Accounts)
{
    private const long ValuesOfAClient = 10_000_000;

    private int _appends;

    /// <summary>Every list that was ever appended to or read.</summary>
    public IEnumerable<string> ListsUsed => Enumerable.Range(0, (Volatile.Read(ref _appends) / FaultLimits.AppendsUntilOtherLists) + 1)
        .SelectMany(time => Enumerable.Range(0, FaultLimits.Lists).Select(list => List(time, list)));

    public Transfer Transfer(int client, int number, Random random)
    {
        var from = random.Next(accounts);
        var to = (from + 1 + random.Next(accounts - 1)) % accounts;
        return new Transfer(Id(client, number), from, to, 1 + random.Next(9));
    }

    public LedgerCall Steps(int client, int number, Random random)
    {
        var steps = new Step[1 + random.Next(FaultLimits.StepsOfACall)];
        for (var i = 0; i < steps.Length; i++)
        {
            steps[i] = Step(random, (client * ValuesOfAClient) + ((long)number * FaultLimits.StepsOfACall) + i + 1);
        }

        return Tests.Step.Call(Id(client, number), steps);
    }

    private Step Step(Random random, long value) => random.Next(10) switch
    {
        < 3 => new Step(StepKind.Append, List(Interlocked.Increment(ref _appends) / FaultLimits.AppendsUntilOtherLists, random.Next(FaultLimits.Lists)), value),
        < 6 => new Step(StepKind.List, List(Volatile.Read(ref _appends) / FaultLimits.AppendsUntilOtherLists, random.Next(FaultLimits.Lists)), 0),
        6 => new Step(StepKind.Count, string.Create(CultureInfo.InvariantCulture, $"{name}c{random.Next(FaultLimits.Counters)}"), 0),
        7 => new Step(StepKind.Toggle, Item(random), value),
        _ => new Step(StepKind.Look, Item(random), 0),
    };

    private string Id(int client, int number) => string.Create(CultureInfo.InvariantCulture, $"{name}{client}-{number}");

    private string List(int time, int list) => string.Create(CultureInfo.InvariantCulture, $"{name}l{time}-{list}");

    private string Item(Random random) => string.Create(CultureInfo.InvariantCulture, $"{name}i{random.Next(FaultLimits.Items)}");
}
