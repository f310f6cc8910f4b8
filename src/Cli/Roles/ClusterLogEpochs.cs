using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.Core;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// Opens and seals logs for the server of this process. Their workers live in other processes and hear of a new log by this server's beats. The next log is always declared already: a young queue
/// needs a while until its broker has made it safe, which a server that has just lost its log should not have to wait for. Nor one that starts again after it was killed: it takes the log
/// that the run before had declared ahead, if that run did not come to use it.
/// <code>
/// declared (noted before) ──► spare ──► its registration asked for ──► used
///    │ not known to be made              │ no answer: kept, and used by the next try. Never deleted: were the registration to arrive later, its queue would count as lost
///    └─► deleted when the next one is declared, at the stop, or by the next run: nobody ever asked for its registration
/// </code>
/// </summary>
/// <param name="server">the server's name</param>
/// <param name="broker">has the logs</param>
/// <param name="registry">knows them</param>
/// <param name="sealer">ends them</param>
/// <param name="former">those of former runs</param>
/// <param name="stored">what is in the store</param>
/// <param name="unique">the unique indexes that the server declares: noted for each log; null where nobody asks</param>
internal sealed class ClusterLogEpochs(string server, ILogBroker broker, ClusterRegistry registry, LogSealer sealer, FormerLogs former, StoredMarks stored, IReadOnlyList<string>? unique = null) : ILogEpochs, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _failed = [];
    private Task<string>? _spare;
    private string? _asked;
    private long _epoch;
    private bool _hasLookedForSpare;

    /// <summary>The log opened last; empty before the first.</summary>
    public string Current { get; private set; } = "";

    /// <summary>Begins to declare the next log. Called early, beside other work of the start.</summary>
    public void Prepare() => _spare = InheritedOrDeclaredAsync(_stop.Token).AsTask();

    public async ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken)
    {
        var publisher = await NextAsync(cancellationToken);
        try
        {
            if (unique is { Count: > 0 } && !await registry.TryDeclareAsync(publisher.Log, unique, cancellationToken))
            {
                throw new InvariantException($"The log {publisher.Log} has declarations of another run: a log is never used twice.");
            }

            // Bound before it is registered: whoever finds it in the registry can seal it (V11).
            var mayBeRegistered = MayBeRegistered(publisher.Log);
            _asked = publisher.Log;
            if (!await registry.TryRegisterLogAsync(publisher.Log, cancellationToken) && !mayBeRegistered)
            {
                // Somebody took this server for gone, and has the log sealed. Nothing was ever published in it.
                _spare = null;
                throw new LogUnavailableException($"The log {publisher.Log} was taken for one that is left behind; another is declared.");
            }
        }
        catch
        {
            await publisher.DisposeAsync();
            throw;
        }

        Current = publisher.Log;
        Prepare();
        return publisher;
    }

    public ValueTask<long> SealAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: false, cancellationToken);

    /// <summary>Its publisher is closed and nobody else ever believed its confirms.</summary>
    public ValueTask<long> SealOwnAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: true, cancellationToken);

    public long StoredBatch(string log) => stored.Of(log);

    /// <summary>Deletes the queues that were declared and never used. What cannot be deleted now, the next run of this server deletes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (await PreparedAsync() is { } unused && !MayBeRegistered(unused))
        {
            await DeleteAsync(unused, CancellationToken.None);
        }

        await DeleteFailedAsync(CancellationToken.None);
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

    /// <summary>Its registration was asked for, by this run or the one before, and may still arrive.</summary>
    private bool MayBeRegistered(string log) => log == _asked || log == former.Spare;

    /// <summary>Queues of which it was not known whether they were made: their names are never tried again.</summary>
    private async ValueTask DeleteFailedAsync(CancellationToken cancellationToken)
    {
        foreach (var log in _failed.ToArray())
        {
            if (!await DeleteAsync(log, cancellationToken))
            {
                return;
            }

            _failed.Remove(log);
        }
    }

    /// <summary>False: the broker does not answer. The log stays in the list of this server's logs, by which its next run finds it.</summary>
    private async ValueTask<bool> DeleteAsync(string log, CancellationToken cancellationToken)
    {
        try
        {
            await broker.DeleteAsync(log, cancellationToken);
            former.Forget(log);
            return true;
        }
        catch (LogUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Opens the log declared ahead, or another. Until it is used it stays the spare, whatever fails meanwhile.</summary>
    private async ValueTask<ILogPublisher> NextAsync(CancellationToken cancellationToken)
    {
        if (await PreparedAsync().WaitAsync(cancellationToken) is { } prepared && await OpenedAsync(prepared, cancellationToken) is { } publisher)
        {
            return publisher;
        }

        _spare = null;
        var log = await DeclareAsync(cancellationToken);
        _spare = Task.FromResult(log);
        return await OpenedAsync(log, cancellationToken) ?? throw new LogUnavailableException("The broker loses the queues that are declared.");
    }

    /// <summary>Null: the broker has lost the queue since it was declared. Nothing was in it and nobody knows of it, so nothing is to be cut: it is left.</summary>
    private async ValueTask<ILogPublisher?> OpenedAsync(string log, CancellationToken cancellationToken)
    {
        try
        {
            return await broker.OpenPublisherAsync(log, cancellationToken);
        }
        catch (UnknownLogException)
        {
            return null;
        }
    }

    /// <summary>The log declared ahead; null if there is none, or declaring it failed.</summary>
    public async Task<string?> PreparedAsync()
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

    private async ValueTask<string> InheritedOrDeclaredAsync(CancellationToken cancellationToken)
    {
        if (!_hasLookedForSpare && former.Spare is { } spare)
        {
            if (await IsUnusedAsync(spare, cancellationToken))
            {
                _hasLookedForSpare = true;
                _epoch = Math.Max(_epoch, ClusterRegistry.EpochOf(spare));
                return spare;
            }

            _hasLookedForSpare = true;
            former.RefuseSpare();
        }

        await DeleteFailedAsync(cancellationToken);
        return await DeclareAsync(cancellationToken);
    }

    /// <summary>
    /// True if a log that a run of this server declared was never registered, so that nothing was ever published in it, and its queue is there. Its run is dead, so nobody else uses it from now on; the
    /// most that can still happen is that its registration arrives late, which says the same as ours.
    /// </summary>
    private async ValueTask<bool> IsUnusedAsync(string log, CancellationToken cancellationToken) =>
        ClusterRegistry.EpochOf(log) >= await registry.NextEpochAsync(server, cancellationToken) && (await broker.ListAsync([log], cancellationToken)).Contains(log)

        // Of another version, the dead run may have noted other declarations; ours, even none, keep out what of it might still arrive.
        && (unique is null || await registry.TryDeclareAsync(log, unique, cancellationToken));

    /// <summary>
    /// A name that was tried is never tried again: a run may have died between declaring a log and registering it, and an answer may have been lost. Nor where its queue is gone: former runs' logs are told as those of
    /// dead processes, which are sealed without waiting for what their owner believes.
    /// </summary>
    private async ValueTask<string> DeclareAsync(CancellationToken cancellationToken)
    {
        var registered = Math.Max(await registry.NextEpochAsync(server, cancellationToken), 1 + former.All.Select(ClusterRegistry.EpochOf).DefaultIfEmpty().Max());
        for (var tries = 0; ; tries++)
        {
            _epoch = Math.Max(registered, _epoch + 1);
            var log = string.Create(CultureInfo.InvariantCulture, $"{server}.{_epoch}");
            former.Add(log);
            try
            {
                await broker.DeclareAsync(log, cancellationToken);
                former.NoteSpare(log);
                return log;
            }
            catch (InvalidOperationException) when (tries < RoleLimits.LogNameTries)
            {
                former.Forget(log);
            }
            catch (Exception fault) when (fault is LogUnavailableException or OperationCanceledException)
            {
                _failed.Add(log);
                throw;
            }
        }
    }
}
