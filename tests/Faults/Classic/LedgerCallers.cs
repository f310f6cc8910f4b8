using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>A few callers of one server that move money among given accounts under given numbers, each again until it is acknowledged.</summary>
/// <param name="http">shared by all</param>
/// <param name="server">the one that they call</param>
/// <param name="accounts">among which they move money</param>
/// <param name="numbers">of their transfers</param>
/// <param name="history">where they record them: others move money among the same accounts</param>
/// <param name="firstClient">their numbers in the history begin here</param>
internal sealed class LedgerCallers(HttpClient http, Uri server, int[] accounts, IEnumerable<string> numbers, LedgerHistory history, int firstClient)
{
    private readonly CancellationTokenSource _stop = new();
    private readonly BlockingCollection<string> _numbers = new(new ConcurrentQueue<string>(numbers));
    private readonly ConcurrentQueue<Transfer> _acknowledged = new();
    private readonly List<Task> _running = [];

    public IReadOnlyCollection<Transfer> Acknowledged => _acknowledged;

    public async Task StartAsync(IEnumerable<string> users, Action acknowledged)
    {
        foreach (var user in users)
        {
            var ledger = new Ledger(http);
            await ledger.SignInAsync(server, user);
            var client = firstClient + _running.Count;
            _running.Add(Task.Run(() => CallAsync(ledger, client, acknowledged)));
        }
    }

    /// <summary>Completes when so many are acknowledged in all.</summary>
    public async Task ReachAsync(int count)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (_acknowledged.Count < count)
        {
            await Task.WhenAny(Task.WhenAny(_running).Unwrap(), Task.Delay(FaultLimits.RetryPause, patience.Token)).Unwrap();
        }
    }

    /// <summary>No new transfers; those under way are sent again until they are acknowledged.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    private async Task CallAsync(Ledger ledger, int client, Action acknowledged)
    {
        for (var i = 0; !_stop.IsCancellationRequested; i++)
        {
            var transfer = new Transfer(_numbers.Take(), accounts[i % accounts.Length], accounts[(i + 1) % accounts.Length], 1);
            await AcknowledgeAsync(ledger, client, transfer);
            _acknowledged.Enqueue(transfer);
            acknowledged();
        }
    }

    private async Task AcknowledgeAsync(Ledger ledger, int client, Transfer transfer)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        var operation = history.Begin(client, transfer.Call);
        while (true)
        {
            try
            {
                var (status, body) = await ledger.CallAsync(server, "transfer", transfer.Json, patience.Token);
                if (status == HttpStatusCode.OK)
                {
                    using var answer = JsonDocument.Parse(body);
                    operation.Commit(transfer.Call.Seen(answer.RootElement.GetProperty("result")));
                    return;
                }

                Assert.True(status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests or HttpStatusCode.GatewayTimeout or HttpStatusCode.BadGateway, $"{transfer.Number}: {(int)status} {body}");
            }
            catch (HttpRequestException)
            {
                // Its fate is unknown: it is sent again with the same id.
            }

            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }
}
