using System.Text.Json;

namespace Mjolnir.Faults.Tests;

/// <summary>Holds what is in the data against what was acknowledged.</summary>
internal static class LedgerAudit
{
    private const int NumbersPerCall = 100;

    /// <summary>Every acknowledged transfer has its receipt, was counted exactly once, and no other changed an account. All accounts are looked at, so many in one call.</summary>
    public static async Task RequireExactlyOnceAsync(Ledger ledger, Uri server, IReadOnlyCollection<Transfer> acknowledged, int accounts = FaultLimits.Accounts)
    {
        await RequireReceiptsAsync(ledger, server, acknowledged);
        var expected = Enumerable.Range(0, accounts).Select(_ => (Balance: FaultLimits.FirstBalance, Moves: 0)).ToArray();
        foreach (var transfer in acknowledged)
        {
            expected[transfer.From] = (expected[transfer.From].Balance - transfer.Amount, expected[transfer.From].Moves + 1);
            expected[transfer.To] = (expected[transfer.To].Balance + transfer.Amount, expected[transfer.To].Moves + 1);
        }

        var money = 0L;
        await Parallel.ForEachAsync(Enumerable.Range(0, accounts).Chunk(FaultLimits.AccountsPerCall), new ParallelOptions { MaxDegreeOfParallelism = FaultLimits.LooksInFlight }, async (some, _) =>
        {
            var balances = (await ledger.ResultAsync(server, "balances", $$"""{"args":[{{some.Length}},{{some[0]}}]}""")).EnumerateArray().ToList();
            Interlocked.Add(ref money, balances.Sum(Balance));
            Assert.Equal(some.Select(account => (account, expected[account].Balance, expected[account].Moves)), some.Select((account, i) => (account, Balance(balances[i]), balances[i][1].GetInt32())));
        });

        Assert.Equal(accounts * FaultLimits.FirstBalance, money);
    }

    /// <summary>Those of the transfers whose receipts are there: all, unless the queue's data is gone.</summary>
    public static async Task<IReadOnlyList<Transfer>> WithReceiptAsync(Ledger ledger, Uri server, IReadOnlyCollection<Transfer> transfers)
    {
        var there = new List<Transfer>();
        foreach (var some in transfers.Chunk(NumbersPerCall))
        {
            var found = await ReceiptsAsync(ledger, server, some);
            there.AddRange(some.Where((_, i) => found[i].ValueKind == JsonValueKind.Array));
        }

        return there;
    }

    private static async Task<List<JsonElement>> ReceiptsAsync(Ledger ledger, Uri server, IEnumerable<Transfer> some)
    {
        var numbers = string.Join(',', some.Select(transfer => $"\"{transfer.Number}\""));
        return [.. (await ledger.ResultAsync(server, "receipts", $$"""{"args":[[{{numbers}}]]}""")).EnumerateArray()];
    }

    private static async Task RequireReceiptsAsync(Ledger ledger, Uri server, IReadOnlyCollection<Transfer> acknowledged)
    {
        foreach (var some in acknowledged.Chunk(NumbersPerCall))
        {
            var found = await ReceiptsAsync(ledger, server, some);
            for (var i = 0; i < some.Length; i++)
            {
                Assert.True(found[i].ValueKind == JsonValueKind.Array, $"the acknowledged transfer {some[i].Number} is lost");
                Assert.Equal($"[\"n{some[i].From}\",\"n{some[i].To}\",{some[i].Amount}]", found[i].GetRawText());
            }
        }
    }

    private static long Balance(JsonElement account) => account[0].GetInt64();
}
