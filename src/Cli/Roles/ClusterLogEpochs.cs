using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// Opens and seals logs for the server of this process. Their workers live in other processes and hear of a new log by this server's beats. The next log is always declared already: a young queue
/// needs a while until its broker has made it safe, which a server that has just lost its log should not have to wait for.
/// </summary>
internal sealed class ClusterLogEpochs(string server, ILogBroker broker, ClusterRegistry registry, LogSealer sealer, FormerLogs former, StoredMarks stored) : ILogEpochs, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task<string>? _spare;
    private long _epoch;

    /// <summary>The log opened last; empty before the first.</summary>
    public string Current { get; private set; } = "";

    /// <summary>Begins to declare the next log. Called early, beside other work of the start.</summary>
    public void Prepare() => _spare = DeclareAsync(_stop.Token).AsTask();

    public async ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken)
    {
        var log = await NextAsync(cancellationToken);

        // Bound before it is registered: whoever finds it in the registry can seal it (V11).
        await registry.RegisterLogAsync(log, cancellationToken);
        Current = log;
        var publisher = await broker.OpenPublisherAsync(log, cancellationToken);
        Prepare();
        return publisher;
    }

    public ValueTask<long> SealAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: false, cancellationToken);

    /// <summary>Its publisher is closed and nobody else ever believed its confirms.</summary>
    public ValueTask<long> SealOwnAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: true, cancellationToken);

    public long StoredBatch(string log) => stored.Of(log);

    /// <summary>Deletes the queue that was declared and never used. What cannot be deleted now, the next run of this server deletes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (await SpareAsync() is { } unused)
        {
            await DeleteAsync(unused, CancellationToken.None);
        }

        _stop.Dispose();
    }

    /// <summary>Queues that former runs declared and never registered hold nothing, and nobody will ever use them.</summary>
    public async Task DeleteUnusedAsync(CancellationToken cancellationToken)
    {
        var registered = await registry.ListLogsAsync(cancellationToken);
        foreach (var log in former.Dead.Except(registered, StringComparer.Ordinal))
        {
            await DeleteAsync(log, cancellationToken);
        }
    }

    private async ValueTask DeleteAsync(string log, CancellationToken cancellationToken)
    {
        try
        {
            await broker.DeleteAsync(log, cancellationToken);
            former.Forget(log);
        }
        catch (LogUnavailableException)
        {
            // It stays in the list of this server's logs, by which its next run finds it.
        }
    }

    private async ValueTask<string> NextAsync(CancellationToken cancellationToken)
    {
        var prepared = await SpareAsync().WaitAsync(cancellationToken);
        _spare = null;
        return prepared ?? await DeclareAsync(cancellationToken);
    }

    /// <summary>The log declared ahead; null if there is none, or declaring it failed.</summary>
    private async Task<string?> SpareAsync()
    {
        try
        {
            return _spare is { } spare ? await spare : null;
        }
        catch (Exception fault) when (fault is LogUnavailableException or StoreUnavailableException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A name that was tried is never tried again: a run may have died between declaring a log and registering it, and an answer may have been lost.</summary>
    private async ValueTask<string> DeclareAsync(CancellationToken cancellationToken)
    {
        var registered = await registry.NextEpochAsync(server, cancellationToken);
        for (var tries = 0; ; tries++)
        {
            _epoch = Math.Max(registered, _epoch + 1);
            var log = string.Create(CultureInfo.InvariantCulture, $"{server}.{_epoch}");
            former.Add(log);
            try
            {
                await broker.DeclareAsync(log, cancellationToken);
                return log;
            }
            catch (InvalidOperationException) when (tries < RoleLimits.LogNameTries)
            {
                former.Forget(log);
            }
        }
    }
}
