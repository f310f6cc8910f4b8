using System.Text.Json;

namespace Mjolnir.Faults.Tests;

/// <summary>Holds what is in the data against what was acknowledged.</summary>
internal static class LedgerAudit
{
    private const int NumbersPerCall = 100;

    /// <summary>Every acknowledged transfer has its receipt, was counted exactly once, and no other changed an account.</summary>
    public static async Task RequireExactlyOnceAsync(Ledger ledger, Uri server, IReadOnlyCollection<Transfer> acknowledged)
    {
        await RequireReceiptsAsync(ledger, server, acknowledged);
        var balances = (await ledger.ResultAsync(server, "balances", $$"""{"args":[{{FaultLimits.Accounts}}]}""")).EnumerateArray().ToList();
        Assert.Equal(FaultLimits.Accounts * FaultLimits.FirstBalance, balances.Sum(Balance));
        for (var account = 0; account < FaultLimits.Accounts; account++)
        {
            var received = acknowledged.Where(transfer => transfer.To == account).Sum(transfer => transfer.Amount);
            var sent = acknowledged.Where(transfer => transfer.From == account).Sum(transfer => transfer.Amount);
            var moves = acknowledged.Count(transfer => transfer.To == account || transfer.From == account);
            Assert.Equal((account, FaultLimits.FirstBalance + received - sent, moves), (account, Balance(balances[account]), balances[account][1].GetInt32()));
        }
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
