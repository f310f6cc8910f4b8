using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind;

/// <summary>
/// Recovery from cold: no server, worker or shard of former times lives (embedded stack: the folder's lock is ours).
/// <code>
/// 1 logs that were declared but never registered hold nothing: delete them
/// 2 seal every other log, drain it with a worker, delete its queue
/// 3 if the queue of a log is gone: one cut for all logs, which ends it (W4)
/// 4 create view v+1 with fresh labels and claim its opening (V8)
/// </code>
/// Every step may be cut short and done again by the next start.
/// </summary>
public static class Recovery
{
    /// <summary>Recovers the store and makes the next view.</summary>
    /// <param name="broker">keeps the logs</param>
    /// <param name="store">keeps everything else</param>
    /// <param name="servers">names of the V-stacks, one shard each</param>
    /// <param name="time">the clock</param>
    /// <param name="progress">told after each step; null: nobody listens</param>
    /// <param name="cancellationToken">ends recovery; the next start goes on</param>
    /// <param name="newId">source of random ids (labels, writers); null: random ids of the system</param>
    /// <param name="limits">null: the usual ones</param>
    public static async Task<RecoveredCluster> RunAsync(
        ILogBroker broker,
        IObjectStore store,
        IReadOnlyList<string> servers,
        TimeProvider time,
        IProgress<RecoveryProgress>? progress,
        CancellationToken cancellationToken,
        Func<string>? newId = null,
        WriteBehindLimits? limits = null)
    {
        var run = new Run(broker, store, time, progress, newId ?? (() => Guid.NewGuid().ToString("N")[..16]), limits ?? new WriteBehindLimits());
        var (drained, lost) = await run.DrainAsync(cancellationToken);
        await run.CutAsync(lost, cancellationToken);
        return new RecoveredCluster(await run.OpenViewAsync(servers, cancellationToken), drained, lost);
    }

    private sealed class Run(ILogBroker broker, IObjectStore store, TimeProvider time, IProgress<RecoveryProgress>? progress, Func<string> newId, WriteBehindLimits limits)
    {
        private readonly ClusterRegistry _registry = new(store);
        private readonly LogSealer _sealer = new(broker, store, time, limits);

        public async ValueTask<(IReadOnlyList<string> Drained, IReadOnlyList<string> Lost)> DrainAsync(CancellationToken cancellationToken)
        {
            var snapshot = await StoreSnapshot.ReadAsync(store, cancellationToken);
            var queues = await broker.ListAsync([.. snapshot.Logs.Select(log => log.Log)], cancellationToken);
            await DeleteDoneAsync(snapshot, queues, cancellationToken);

            var open = snapshot.Logs.Where(log => !log.IsSealed && log.Watermark is null).Select(log => log.Log).ToArray();
            var lost = open.Except(queues).ToArray();
            var drained = open.Intersect(queues).ToArray();
            for (var done = 0; done < drained.Length; done++)
            {
                progress?.Report(new RecoveryProgress(RecoveryPhase.Draining, done, drained.Length));
                await DrainAsync(drained[done], cancellationToken);
            }

            progress?.Report(new RecoveryProgress(RecoveryPhase.Draining, drained.Length, drained.Length));
            return (drained, lost);
        }

        public async ValueTask CutAsync(IReadOnlyList<string> lost, CancellationToken cancellationToken)
        {
            if (lost.Count == 0)
            {
                return;
            }

            var loss = new QueueLoss(store, time, limits, newId());
            progress?.Report(new RecoveryProgress(RecoveryPhase.Cutting, 0, lost.Count));
            await loss.CutAsync(lost, null, cancellationToken);
            progress?.Report(new RecoveryProgress(RecoveryPhase.Cutting, lost.Count, lost.Count));
        }

        public async ValueTask<ClusterView> OpenViewAsync(IReadOnlyList<string> servers, CancellationToken cancellationToken)
        {
            progress?.Report(new RecoveryProgress(RecoveryPhase.Opening, 0, 1));
            var owner = newId();
            for (var tries = 0; tries < limits.NumberTries; tries++)
            {
                var latest = await _registry.LatestViewAsync(cancellationToken);
                var view = EvenView((latest?.Number ?? 0) + 1, servers);
                if (await _registry.CreateViewAsync(view, cancellationToken) == CreateOutcome.Created
                    && await _registry.ClaimOpeningAsync(view.Number, owner, cancellationToken))
                {
                    progress?.Report(new RecoveryProgress(RecoveryPhase.Opening, 1, 1));
                    return view;
                }
            }

            throw new InvariantException("Somebody else makes views while this process recovers the cluster from cold.");
        }

        private async ValueTask DeleteDoneAsync(StoreSnapshot snapshot, IReadOnlyList<string> queues, CancellationToken cancellationToken)
        {
            // A log is registered before anything is published in it, so an unregistered one is empty.
            var ended = snapshot.Logs.Where(log => log.IsSealed || log.Watermark is not null).Select(log => log.Log);
            var unknown = queues.Except(snapshot.Logs.Select(log => log.Log));
            foreach (var log in queues.Intersect(ended).Concat(unknown))
            {
                await broker.DeleteAsync(log, cancellationToken);
            }
        }

        private async ValueTask DrainAsync(string log, CancellationToken cancellationToken)
        {
            await _sealer.CloseAsync(log, isKnownDead: true, cancellationToken);
            var worker = new WriteBehindWorker(log, broker, store, time, limits, newId());
            var end = await worker.RunAsync(cancellationToken);
            Invariant.Require(end == WorkerEnd.Sealed, $"The worker of log {log} ended before it was sealed.");
            await broker.DeleteAsync(log, cancellationToken);
        }

        private ClusterView EvenView(long number, IReadOnlyList<string> servers)
        {
            var shards = servers.Select(server => new ShardDescription(server, newId())).ToArray();
            var slots = servers.Select((_, i) => new SlotRange(
                i * Slots.Count / servers.Count, ((i + 1) * Slots.Count / servers.Count) - 1, i, number)).ToArray();
            return new ClusterView(number, shards, slots, []);
        }
    }
}
