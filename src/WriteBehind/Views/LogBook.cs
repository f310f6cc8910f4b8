using Mjolnir.Core;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.WriteBehind.Views;

/// <summary>
/// How far the store is with every log, as one process knows it. Looking again costs one list of what is new in a manifest and, if there is something, its last entry: manifests are not
/// read over and over. What is ended stays ended, so it is never looked at again. One caller at a time.
/// </summary>
internal sealed class LogBook(IObjectStore store)
{
    private readonly ClusterRegistry _registry = new(store);
    private readonly RunChain _chain = new(store);
    private readonly Dictionary<string, LogPosition> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CorruptDataException> _damaged = new(StringComparer.Ordinal);

    /// <summary>Logs whose registration or manifest is damaged, or of an unknown format: nobody can say what they hold.</summary>
    public IReadOnlyDictionary<string, CorruptDataException> Damaged => _damaged;

    /// <summary>Every log that is registered and was not ended when last looked at, in ordinal order.</summary>
    public IReadOnlyList<string> Open => [.. _known.Where(log => !log.Value.IsEnded).Select(log => log.Key).Order(StringComparer.Ordinal)];

    /// <summary>Every log that is known to be ended.</summary>
    public IEnumerable<string> Ended => _known.Where(log => log.Value.IsEnded).Select(log => log.Key);

    /// <summary>What is known of a log; null if it never was looked at.</summary>
    public LogPosition? Known(string log) => _known.GetValueOrDefault(log);

    /// <summary>Lists the registry and looks at every log that is not ended.</summary>
    public async ValueTask LookAsync(CancellationToken cancellationToken) => await LookAsync(await _registry.ListLogsAsync(cancellationToken), cancellationToken);

    /// <summary>Looks at these logs again, at many of them at once.</summary>
    public async ValueTask LookAsync(IReadOnlyList<string> logs, CancellationToken cancellationToken)
    {
        var head = await _chain.HeadAsync(cancellationToken);
        var open = logs.Where(log => _known.GetValueOrDefault(log) is not { IsEnded: true }).ToArray();
        foreach (var (log, position, fault) in await ParallelReads.AllAsync(store.ReadsAtOnce, open, (log, stop) => ReadAsync(log, head, stop), cancellationToken))
        {
            if (fault is null)
            {
                _known[log] = position!;
                _damaged.Remove(log);
            }
            else
            {
                // Told by who needs the log; the others go on.
                _damaged[log] = fault;
            }
        }
    }

    private async ValueTask<(string Log, LogPosition? Position, CorruptDataException? Fault)> ReadAsync(string log, RunChainEntry head, CancellationToken cancellationToken)
    {
        if (head.CoverageOf(log) is { Watermark: not null } done)
        {
            // Sealed, and in the runs as a whole: its manifest may be gone.
            return (log, new LogPosition(done.Batch, done.Entry + 1, done.LastView, true), null);
        }

        try
        {
            var position = _known.GetValueOrDefault(log) is { } known ? await BehindAsync(log, known, cancellationToken) : await LogPosition.ReadAsync(store, log, cancellationToken);
            return (log, position with { IsEnded = position.IsEnded || head.CutOf(log) is not null }, null);
        }
        catch (CorruptDataException fault)
        {
            return (log, null, fault);
        }
    }

    private async ValueTask<LogPosition> BehindAsync(string log, LogPosition known, CancellationToken cancellationToken)
    {
        string? last = null;
        await foreach (var name in store.ListAsync(ObjectNames.Manifest(log), ObjectNames.ManifestEntry(log, known.NextEntry - 1), cancellationToken))
        {
            last = name;
        }

        if (last is null)
        {
            return known;
        }

        // An entry says all that counts up to itself. One that was collected between list and get is covered by a run: look at the whole.
        return await ManifestEntries.ReadAsync(store, last, cancellationToken) is { } entry
            ? known.Behind(Verified(last, log, entry))
            : await LogPosition.ReadAsync(store, log, cancellationToken);
    }

    private static ManifestEntry Verified(string name, string log, ManifestEntry entry) =>
        entry.Log == log ? entry : throw new CorruptDataException($"The entry says that it is of log {entry.Log}", name);
}
