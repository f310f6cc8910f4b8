using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Mjolnir.Faults.Tests;

/// <summary>
/// Many clients that transfer as fast as they are answered. Each transfer has an id and is sent again with it until it is acknowledged, whatever happens to the server
/// in between; so at the end every transfer ever begun is acknowledged, and must be in the data exactly once.
/// </summary>
/// <param name="url">where the next attempt goes; waits while nothing runs</param>
/// <param name="http">shared by all clients</param>
/// <param name="seed">of what is transferred</param>
/// <param name="name">begins the transfers' numbers: other clients of the same ledger have another one</param>
/// <param name="accounts">among which money is moved</param>
internal sealed class LedgerClients(Func<Task<Uri>> url, HttpClient http, int seed, string name = "c", int accounts = FaultLimits.Accounts)
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Transfer> _acknowledged = new();
    private readonly ConcurrentDictionary<Transfer, long> _acknowledgedAt = new();
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly object _gate = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private List<Task> _running = [];
    private int _count;
    private int _retries;

    /// <summary>Transfers acknowledged.</summary>
    public IReadOnlyCollection<Transfer> Acknowledged => _acknowledged;

    /// <summary>When it was acknowledged, as a timestamp of the stopwatch.</summary>
    public long AcknowledgedAt(Transfer transfer) => _acknowledgedAt[transfer];

    /// <summary>Answers that no correct server gives.</summary>
    public IReadOnlyCollection<string> Wrong => _wrong;

    /// <summary>Times that a transfer was sent again with its id.</summary>
    public int Retries => _retries;

    public int Count => Volatile.Read(ref _count);

    public async Task StartAsync()
    {
        var ledgers = new List<Ledger>();
        for (var i = 0; i < FaultLimits.Clients; i++)
        {
            var ledger = new Ledger(http);
            await ledger.SignInAsync(await url(), $"client-{i}");
            ledgers.Add(ledger);
        }

        _running = [.. ledgers.Select((ledger, i) => Task.Run(() => TransferAsync(ledger, i)))];
    }

    /// <summary>Completes when so many transfers are acknowledged, or a client met a wrong answer.</summary>
    public Task ReachAsync(int count)
    {
        lock (_gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            Tell();
            return reached.Task.WaitAsync(FaultLimits.AnswerPatience);
        }
    }

    /// <summary>No new transfers; those under way are sent again until they are acknowledged.</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    private async Task TransferAsync(Ledger ledger, int client)
    {
        var random = new Random(seed + client);
        for (var n = 0; !_stop.IsCancellationRequested && _wrong.IsEmpty; n++)
        {
            var from = random.Next(accounts);
            var to = (from + 1 + random.Next(accounts - 1)) % accounts;
            await AcknowledgeAsync(ledger, new Transfer($"{name}{client}-{n}", from, to, 1 + random.Next(9)));
        }
    }

    private async Task AcknowledgeAsync(Ledger ledger, Transfer transfer)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (!await TryAsync(ledger, transfer, patience.Token))
        {
            Interlocked.Increment(ref _retries);
        }
    }

    /// <summary>Sends it once; true when its fate is known.</summary>
    private async Task<bool> TryAsync(Ledger ledger, Transfer transfer, CancellationToken cancellationToken)
    {
        var server = await url().WaitAsync(cancellationToken);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        attempt.CancelAfter(FaultLimits.AttemptPatience);
        try
        {
            var (status, body) = await ledger.CallAsync(server, "transfer", transfer.Json, attempt.Token);
            return Take(transfer, status, body);
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

    private bool Take(Transfer transfer, HttpStatusCode status, string body)
    {
        switch (status)
        {
            case HttpStatusCode.OK when body.Contains($"\"result\":\"{transfer.Number}\"", StringComparison.Ordinal):
                _acknowledgedAt[transfer] = Stopwatch.GetTimestamp();
                _acknowledged.Enqueue(transfer);
                lock (_gate)
                {
                    _count++;
                    Tell();
                }

                return true;
            case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests or HttpStatusCode.GatewayTimeout or HttpStatusCode.BadGateway:
                return false;
            default:
                _wrong.Enqueue($"{transfer.Number}: {(int)status} {body}");
                lock (_gate)
                {
                    Tell();
                }

                return true;
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
