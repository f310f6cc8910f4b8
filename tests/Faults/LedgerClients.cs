using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Mjolnir.Checking.Histories;

namespace Mjolnir.Faults.Tests;

/// <summary>
/// Many clients that call as fast as they are answered: transfers, and transactions over lists, counters and items. Each call has an id and is sent again with it until it is acknowledged, whatever happens to the server
/// in between; so at the end every transfer ever begun is acknowledged, and must be in the data exactly once. Some of the other calls are given up instead. All of it is recorded and checked.
/// </summary>
/// <param name="url">where the next attempt goes; waits while nothing runs</param>
/// <param name="http">shared by all clients</param>
/// <param name="seed">of what is called</param>
/// <param name="name">begins the calls' ids and the keys: other clients of the same ledger have another one</param>
/// <param name="accounts">among which money is moved; the history is only checked where these are the usual ones</param>
internal sealed class LedgerClients(Func<Task<Uri>> url, HttpClient http, int seed, string name = "c", int accounts = FaultLimits.Accounts)
{
    private readonly LedgerHistory _history = new(http, new LedgerLoad(name, accounts));
    private readonly Ledger _auditor = new(http);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Transfer> _acknowledged = new();
    private readonly ConcurrentDictionary<Transfer, long> _acknowledgedAt = new();
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly object _gate = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private List<Task> _running = [];
    private int _count;
    private int _retries;

    /// <summary>For a call to be acknowledged, restarts included.</summary>
    public TimeSpan Patience { get; init; } = FaultLimits.AnswerPatience;

    /// <summary>What these clients see; others that move the same money record there too.</summary>
    public LedgerHistory History => _history;

    /// <summary>Transfers acknowledged: all that were begun, once the clients have finished.</summary>
    public IReadOnlyCollection<Transfer> Acknowledged => _acknowledged;

    /// <summary>When it was acknowledged, as a timestamp of the stopwatch.</summary>
    public long AcknowledgedAt(Transfer transfer) => _acknowledgedAt[transfer];

    /// <summary>Answers that no correct server gives.</summary>
    public IReadOnlyCollection<string> Wrong => _wrong;

    /// <summary>Times that a call was sent again with its id.</summary>
    public int Retries => _retries;

    /// <summary>Calls acknowledged, transfers or not.</summary>
    public int Count => Volatile.Read(ref _count);

    public async Task StartAsync()
    {
        await _history.BeginAsync(await url());
        var ledgers = new List<Ledger>();
        for (var i = 0; i < FaultLimits.Clients; i++)
        {
            var ledger = new Ledger(http);
            await ledger.SignInAsync(await url(), $"client-{i}");
            ledgers.Add(ledger);
        }

        await _auditor.SignInAsync(await url(), "watcher");
        _running = [.. ledgers.Select((ledger, i) => Task.Run(() => CallAsync(ledger, i)))];
    }

    /// <summary>Completes when so many transfers are acknowledged, or a client met a wrong answer.</summary>
    public Task ReachAsync(int count)
    {
        lock (_gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            Tell();
            return reached.Task.WaitAsync(Patience);
        }
    }

    /// <summary>No new transfers; those under way are sent again until they are acknowledged.</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    /// <summary>Looks at everything once more, and checks the whole history of these clients. Call after <see cref="FinishAsync"/>.</summary>
    /// <returns>what was checked, in one line</returns>
    /// <exception cref="Checking.AnomalyException">no strictly serializable system answers so</exception>
    public async Task<string> CheckAsync(string context) => await _history.CheckAsync(await url(), context);

    /// <summary>Another call beside these clients', which is part of the history; tried once. False if it was not answered.</summary>
    public Task<bool> TryOnceAsync(Ledger ledger, int client, LedgerCall call, CancellationToken cancellationToken) =>
        TryAsync(ledger, call, _history.Begin(client, call), isLast: true, cancellationToken);

    /// <summary>All balances in one transaction, over and over. What is seen is part of the history, and checked with it.</summary>
    public async Task AuditOverAndOverAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var look = 0; ; look++)
            {
                await TryOnceAsync(_auditor, FaultLimits.Clients, LedgerCall.Audit($"audit-{look}"), cancellationToken);
                await Task.Delay(FaultLimits.AuditPause, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task CallAsync(Ledger ledger, int client)
    {
        var random = new Random(seed + client);
        for (var n = 0; !_stop.IsCancellationRequested && _wrong.IsEmpty; n++)
        {
            if (random.Next(2) == 0)
            {
                var transfer = _history.Load.Transfer(client, n, random);
                await AcknowledgeAsync(ledger, client, transfer.Call);
                _acknowledgedAt[transfer] = Stopwatch.GetTimestamp();
                _acknowledged.Enqueue(transfer);
            }
            else if (random.NextDouble() < FaultLimits.GivenUp)
            {
                await TryOnceAsync(ledger, client, _history.Load.Steps(client, n, random), CancellationToken.None);
            }
            else
            {
                await AcknowledgeAsync(ledger, client, _history.Load.Steps(client, n, random));
            }
        }
    }

    private async Task AcknowledgeAsync(Ledger ledger, int client, LedgerCall call)
    {
        using var patience = new CancellationTokenSource(Patience);
        var operation = _history.Begin(client, call);
        while (!await TryAsync(ledger, call, operation, isLast: false, patience.Token))
        {
            Interlocked.Increment(ref _retries);
        }
    }

    /// <summary>Sends it once; true when its fate is known.</summary>
    private async Task<bool> TryAsync(Ledger ledger, LedgerCall call, PendingOperation operation, bool isLast, CancellationToken cancellationToken)
    {
        var server = await url().WaitAsync(cancellationToken);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        attempt.CancelAfter(FaultLimits.AttemptPatience);
        try
        {
            var (status, body) = await ledger.CallAsync(server, call.Handler, call.Json, attempt.Token);
            return Take(call, operation, isLast, status, body);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A server that is stopped answers nobody: the next attempt goes to another one.
            return false;
        }
        catch (HttpRequestException)
        {
            // Killed under us: nobody knows, so it is sent again with the same id.
            await Task.Delay(FaultLimits.RetryPause, cancellationToken);
            return false;
        }
    }

    private bool Take(LedgerCall call, PendingOperation operation, bool isLast, HttpStatusCode status, string body)
    {
        switch (status)
        {
            case HttpStatusCode.OK:
                Commit(call, operation, body);
                return true;
            case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests when isLast:
                // Its only attempt, and the server says that nothing happened. Behind other attempts this would say nothing of those.
                operation.Refuse();
                return true;
            case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests or HttpStatusCode.GatewayTimeout or HttpStatusCode.BadGateway:
                return false;
            default:
                IsWrong(call, status, body);
                return true;
        }
    }

    private void Commit(LedgerCall call, PendingOperation operation, string body)
    {
        try
        {
            using var answer = JsonDocument.Parse(body);
            operation.Commit(call.Seen(answer.RootElement.GetProperty("result")));
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException or FormatException or Xunit.Sdk.XunitException)
        {
            IsWrong(call, HttpStatusCode.OK, $"{body}: {fault.Message}");
            return;
        }

        lock (_gate)
        {
            _count++;
            Tell();
        }
    }

    private void IsWrong(LedgerCall call, HttpStatusCode status, string body)
    {
        _wrong.Enqueue($"{call.Id}: {(int)status} {body}");
        lock (_gate)
        {
            Tell();
        }
    }

    private void Tell()
    {
        foreach (var (count, reached) in _waiting)
        {
            if (_count >= count || !_wrong.IsEmpty)
            {
                reached.TrySetResult();
            }
        }
    }
}
