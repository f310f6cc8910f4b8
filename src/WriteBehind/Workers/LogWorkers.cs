using System.Collections.Concurrent;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Workers;

/// <summary>The write-behind workers of this process, one per log that was opened in it.</summary>
public sealed class LogWorkers(ILogBroker broker, IObjectStore store, TimeProvider time, Action<string, Exception> failed, Action<Batch>? consumed = null) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (WriteBehindWorker Worker, Task Run)> _workers = new(StringComparer.Ordinal);
    private static readonly WriteBehindLimits Limits = new();

    private readonly CancellationTokenSource _stop = new();

    /// <summary>Starts the worker of a log.</summary>
    public void Start(string log)
    {
        var worker = new WriteBehindWorker(log, broker, store, time, Limits, Guid.NewGuid().ToString("N")) { Consumed = consumed };
        _workers[log] = (worker, Task.Run(() => WatchAsync(worker)));
    }

    /// <summary>The highest batch of a log that is in the store; 0 for a log without a worker here.</summary>
    public long StoredBatch(string log) => _workers.TryGetValue(log, out var entry) ? entry.Worker.StoredBatch : 0;

    /// <summary>Batches of a log consumed and not stored yet.</summary>
    public long Backlog(string log) => _workers.TryGetValue(log, out var entry) ? entry.Worker.Backlog : 0;

    /// <summary>The logs whose workers run or ran here, each with the last batch that its worker has consumed.</summary>
    public IEnumerable<Stamp> Consumed => _workers.Values.Select(entry => new Stamp(entry.Worker.Log, entry.Worker.StoredBatch + entry.Worker.Backlog));

    /// <summary>Has everything that was consumed so far stored at once, and returns when it is; logs whose work has ended are stored.</summary>
    public async Task StoreConsumedAsync(CancellationToken cancellationToken)
    {
        foreach (var (worker, run) in _workers.Values.Where(entry => entry.Worker.Backlog > 0))
        {
            var through = worker.StoredBatch + worker.Backlog;
            await Task.WhenAny(worker.DrainAsync(through, cancellationToken), run);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Stores what the logs hold, then ends the workers. What is not stored in time stays in the logs.</summary>
    public async Task StopAsync(CancellationToken patience) =>
        await Task.WhenAll(_workers.Values.Where(entry => !entry.Run.IsCompleted).Select(entry => entry.Worker.StopAsync(patience)));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers.Values.Select(entry => entry.Run));
        _stop.Dispose();
    }

    private async Task WatchAsync(WriteBehindWorker worker)
    {
        try
        {
            await worker.RunAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked to stop: what is not stored is in the log.
        }
        catch (Exception fault)
        {
            failed(worker.Log, fault);
        }
    }
}
