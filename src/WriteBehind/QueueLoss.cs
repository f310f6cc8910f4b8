using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Protocol;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind;

/// <summary>
/// What is done when queues are gone with batches that no store has: every log goes back to the stable cut, once for all logs together, as an entry of the run
/// chain, before anybody uses it (W4). All other logs are sealed and drained before, and no server holds a watermark.
/// </summary>
internal sealed class QueueLoss(IObjectStore store, TimeProvider time, WriteBehindLimits limits, string writer)
{
    /// <summary>
    /// Creates the cut for these lost logs, unless there is one, and returns the chain entry that has it. It also ends them: no worker adds to a log that is cut.
    /// </summary>
    /// <param name="lost">logs whose queue is gone</param>
    /// <param name="fresh">
    /// logs that need not be sealed, because all they hold was made under a view whose slots are all still closed: markers, which depend on nothing. Null: every other log is sealed
    /// </param>
    /// <param name="cancellationToken">ends the wait for the store</param>
    public async ValueTask<RunChainEntry> CutAsync(IReadOnlyList<string> lost, Func<string, bool>? fresh, CancellationToken cancellationToken)
    {
        var chain = new RunChain(store);
        for (var tries = 0; tries < limits.NumberTries; tries++)
        {
            var snapshot = await StoreSnapshot.ReadAsync(store, cancellationToken);
            if (lost.All(snapshot.Head.Lost.Contains))
            {
                return snapshot.Head;
            }

            var entry = Entry(snapshot, lost, fresh ?? (_ => false));
            if (await chain.CreateAsync(entry, cancellationToken) == CreateOutcome.Created)
            {
                return entry;
            }
        }

        throw new StoreUnavailableException("The cut for a lost queue could not be created: somebody else extends the run chain all the time.");
    }

    private RunChainEntry Entry(StoreSnapshot snapshot, IReadOnlyList<string> lost, Func<string, bool> fresh)
    {
        var head = snapshot.Head;
        var cut = limits.Suspended == SuspendedStoreRule.W4 ? snapshot.Logs.ToDictionary(log => log.Log, log => log.LastBatch) : StableCut.Compute([.. snapshot.Logs.Select(log => log.Prefix)]);
        foreach (var log in snapshot.Logs)
        {
            var isEnded = log.IsSealed || log.Watermark is not null || lost.Contains(log.Log);
            Invariant.Require(isEnded || fresh(log.Log), $"Log {log.Log} is not sealed, so a cut cannot be computed.");
            Invariant.Require(isEnded || cut[log.Log] == log.LastBatch, $"Log {log.Log} is live and depends on what was lost.");
        }

        return head with
        {
            Number = head.Number + 1,
            Kind = RunChainKind.Cut,
            Cut = Lowered(snapshot, lost, cut),
            Lost = [.. head.Lost.Union(lost).Order(StringComparer.Ordinal)],
            Writer = writer,
            UnixMilliseconds = Math.Max(head.UnixMilliseconds, time.GetUtcNow().ToUnixTimeMilliseconds()),
        };
    }

    /// <summary>The watermarks of this cut and those before it: lowered, never raised.</summary>
    private static Stamp[] Lowered(StoreSnapshot snapshot, IReadOnlyList<string> lost, IReadOnlyDictionary<string, long> cut) =>
        [.. snapshot.Logs
            .Where(log => snapshot.Head.CutOf(log.Log) is not null || lost.Contains(log.Log) || cut[log.Log] < log.LastBatch)
            .Select(log => new Stamp(log.Log, Math.Min(cut[log.Log], log.Watermark ?? long.MaxValue)))];
}
