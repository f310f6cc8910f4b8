using System.Diagnostics;
using Mjolnir.Checking;
using Mjolnir.Checking.Effects;
using Mjolnir.Checking.Histories;
using Mjolnir.Checking.Serializability;
using Mjolnir.Running;

namespace Mjolnir.Faults.Tests;

/// <summary>What the clients of one load asked and were answered, and whether a strictly serializable system can have answered so.</summary>
/// <param name="http">for the reads before and after</param>
/// <param name="load">what was asked</param>
internal sealed class LedgerHistory(HttpClient http, LedgerLoad load)
{
    private const int ListsPerCall = 50;

    /// <summary>Clients are numbered from 0; who looks before and after is none of them.</summary>
    private const int Auditor = 1_000;

    private readonly HistoryRecorder _recorder = new(Stopwatch.GetTimestamp);

    /// <summary>What the accounts held before.</summary>
    public IReadOnlyList<Access> FirstAccounts { get; private set; } = [];

    /// <summary>What the accounts held when all was checked.</summary>
    public IReadOnlyList<Access> LastAccounts { get; private set; } = [];

    /// <summary>What is asked.</summary>
    public LedgerLoad Load => load;

    /// <summary>Call where nothing changes the accounts: notes what they hold.</summary>
    public async Task BeginAsync(Uri server) => FirstAccounts = await ReadAsync(server, [LedgerCall.Audit("before")]);

    public PendingOperation Begin(int client, LedgerCall call) => _recorder.Begin(client, call.Id, call.Intended);

    /// <summary>Call when all clients have finished: reads everything once more and checks the whole. Says in one line what was checked.</summary>
    /// <param name="server">where to read</param>
    /// <param name="context">how to see it again</param>
    /// <exception cref="AnomalyException">the history is wrong; it is kept in a file that the message names</exception>
    public async Task<string> CheckAsync(Uri server, string context)
    {
        var reads = load.ListsUsed.Chunk(ListsPerCall).Select(lists => Step.Call($"after-{Guid.NewGuid():N}", [.. lists.Select(list => new Step(StepKind.List, list, 0))]));
        var lists = await ReadAsync(server, [.. reads, LedgerCall.Audit("after")]);
        LastAccounts = [.. lists.Where(read => !read.IsOfList)];
        var history = _recorder.ToHistory();
        var whole = history.After([.. FirstAccounts.Select(read => Access.Write(read.Key, read.Version, read.Value))]);
        var money = new Money(Enumerable.Range(0, FaultLimits.Accounts).Select(account => $"n{account}"), FaultLimits.Accounts * FaultLimits.FirstBalance);
        var clock = Stopwatch.StartNew();
        IReadOnlyList<Anomaly> found =
        [
            .. StrictSerializability.Check(whole),
            .. ExactlyOnce.OfLists(history, lists.Where(read => read.IsOfList).ToDictionary(read => read.Key, IReadOnlyList<long> (read) => read.List.ToArray())),
            .. money.Check(history),
        ];
        if (found.Count > 0)
        {
            found.RequireNone($"{context}; history: {Save(whole)}");
        }

        return $"history of {history.Operations.Count} operations ({history.Count(Outcome.Unknown)} unknown, {history.Count(Outcome.Refused)} refused, {money.Audits(history)} audits) is strictly serializable: checked in {clock.Elapsed.TotalSeconds:F2} s";
    }

    private async Task<List<Access>> ReadAsync(Uri server, IReadOnlyList<LedgerCall> calls)
    {
        var auditor = new Ledger(http);
        await auditor.SignInAsync(server, "auditor");
        var seen = new List<Access>();
        foreach (var call in calls)
        {
            // What was read before is the state that the history begins with; what is read after is part of it.
            var operation = call.Id == "before" ? null : Begin(Auditor, call);
            var accesses = call.Seen(await auditor.ResultAsync(server, call.Handler, call.Json));
            operation?.Commit(accesses);
            seen.AddRange(accesses);
        }

        return seen;
    }

    private static string Save(History history)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "out", "histories"));
        var file = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.ndjson");
        using var stream = File.Create(file);
        HistoryFile.Save(history, stream);
        return file;
    }
}
