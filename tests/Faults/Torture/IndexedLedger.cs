using System.Diagnostics;
using System.Text.Json.Nodes;
using Mjolnir.Running;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>The ledger with indexes, so that a cluster of it has indexers, and what they say held against what was acknowledged.</summary>
internal static class IndexedLedger
{
    /// <summary>The tables that have indexes.</summary>
    private static readonly string[] Tables = ["accounts", "receipts"];

    private const string Handlers = """

        // For each account: transfers from it, and their amounts added up, as the group of receipts has them when it has heard of all.
        function sent() {
          return mjolnir.table('receipts').where({}, { fresh: true }).facets('from').map(function (group) { return [group.value, group.count, group.sum.amount]; });
        }

        // Names and balances of all accounts, the richest first, as the index has them.
        function richest() {
          return mjolnir.table('accounts').where({}, { fresh: true }).orderBy('-balance').rows().map(function (account) { return [account.name, account.balance]; });
        }
        """;

    /// <summary>Writes the application; returns its folder.</summary>
    public static string Write(TestFolder folder)
    {
        var app = folder.Copy(LedgerServer.App, "ledger");
        var file = Path.Combine(app, "mjolnir.json");
        var json = JsonNode.Parse(File.ReadAllText(file))!;
        json["tables"]!["receipts"]!["groups"] = JsonNode.Parse("""{ "bySender": { "columns": ["from"], "sum": ["amount"] } }""");
        json["tables"]!["accounts"]!["indexes"] = JsonNode.Parse("""{ "byBalance": ["balance"] }""");
        foreach (var handler in new[] { "sent", "richest" })
        {
            json["handlers"]![handler] = JsonNode.Parse("""{ "allow": "signed-in" }""");
        }

        File.WriteAllText(file, json.ToJsonString());
        File.AppendAllText(Path.Combine(app, "ledger.js"), Handlers);
        return app;
    }

    /// <summary>Every entry and summary of every page of the indexers is what follows from the stored rows (<c>mjolnir verify</c>). One that was killed may be heard for a while, and one that was started again may be starting over.</summary>
    /// <returns>what it told</returns>
    public static async Task<string> RequireVerifiedAsync(string data, params string[] stacks)
    {
        for (var began = Stopwatch.GetTimestamp(); ;)
        {
            var (code, told) = await MjolnirProcess.RunAsync("verify", "--data", data);
            Assert.DoesNotContain("differences", told, StringComparison.Ordinal);
            var right = told.Split('\n').Where(static line => line.Contains("as the rows say", StringComparison.Ordinal)).ToList();
            if (code == 0 && stacks.All(stack => Tables.All(table => right.Exists(line => line.StartsWith($"{table} at {stack}: ", StringComparison.Ordinal)))))
            {
                return string.Join("; ", right.Select(static line => line.Trim()));
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < FaultLimits.AnswerPatience, told);
        }
    }

    /// <summary>What indexes say is what was acknowledged. Nobody may move money meanwhile.</summary>
    public static async Task RequireSameAsync(Ledger ledger, Uri server, IReadOnlyCollection<Transfer> acknowledged)
    {
        var expected = acknowledged.GroupBy(transfer => transfer.From).Select(sender => (Name: $"n{sender.Key}", Count: sender.Count(), Amount: sender.Sum(transfer => (long)transfer.Amount)));
        var sent = (await ledger.ResultAsync(server, "sent", """{"args":[]}""")).EnumerateArray().Select(group => (Name: group[0].GetString()!, Count: group[1].GetInt32(), Amount: group[2].GetInt64()));
        Assert.Equal(expected.OrderBy(sender => sender.Name, StringComparer.Ordinal), sent.OrderBy(sender => sender.Name, StringComparer.Ordinal));

        var balances = (await ledger.ResultAsync(server, "balances", $$"""{"args":[{{FaultLimits.Accounts}}]}""")).EnumerateArray().Select((account, i) => (Name: $"n{i}", Balance: account[0].GetInt64()));
        var richest = (await ledger.ResultAsync(server, "richest", """{"args":[]}""")).EnumerateArray().Select(account => (Name: account[0].GetString()!, Balance: account[1].GetInt64())).ToList();
        Assert.Equal(balances.OrderBy(account => account.Name, StringComparer.Ordinal), richest.OrderBy(account => account.Name, StringComparer.Ordinal));
        Assert.Equal(richest.Select(account => account.Balance).OrderDescending(), richest.Select(account => account.Balance));
    }
}
