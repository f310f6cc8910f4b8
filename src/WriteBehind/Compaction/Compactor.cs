using System.Numerics;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind.Compaction;

/// <summary>
/// Merges segments into runs, and runs into larger runs, so that a cold start opens few objects.
/// <code>
/// 1 take a snapshot; compute the stable cut; choose what to merge (<see cref="CompactionPlan"/>)
/// 2 write the new runs, split by slots; a tombstone is never dropped (W9), a forgotten transaction id is
/// 3 create the next number of the chain of runs and cuts; if it is taken, start over (W5)
/// 4 later: delete what no chain entry names any more (<see cref="GarbageCollection"/>)
/// </code>
/// One is enough for a cluster; several get in each other's way but do no harm.
/// </summary>
public sealed class Compactor(IObjectStore store, TimeProvider time, WriteBehindLimits limits, string writer)
{
    private readonly RunChain _chain = new(store);
    private readonly GarbageCollection _garbage = new(store, time, limits);

    /// <summary>Merges and collects until cancelled. While the store does not answer it waits for the next round.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var collectedAt = time.GetTimestamp();
        using var rounds = new PeriodicTimer(limits.CompactionInterval, time);
        while (await rounds.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await MergeAllAsync(cancellationToken);
                if (time.GetElapsedTime(collectedAt) >= limits.CollectionInterval)
                {
                    await _garbage.RoundAsync(cancellationToken);
                    collectedAt = time.GetTimestamp();
                }
            }
            catch (Exception fault) when (fault is StoreUnavailableException or CollectedObjectException)
            {
                // The next round looks again; merging is never urgent.
                LastDelay = fault;
            }
        }
    }

    /// <summary>Why a round was last put off, for the operator; null if none was.</summary>
    public Exception? LastDelay { get; private set; }

    /// <summary>One round: merges as long as there is something to merge, then collects. Gives the number of merges.</summary>
    public async Task<int> RoundAsync(CancellationToken cancellationToken)
    {
        var merges = await MergeAllAsync(cancellationToken);
        await _garbage.RoundAsync(cancellationToken);
        return merges;
    }

    private async Task<int> MergeAllAsync(CancellationToken cancellationToken)
    {
        var merges = 0;
        while (merges < limits.NumberTries && await MergeAsync(cancellationToken))
        {
            merges++;
        }

        return merges;
    }

    /// <summary>One merge, if there is something to merge. True if it was done, or has to be tried again because somebody else was faster.</summary>
    private async Task<bool> MergeAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var snapshot = await StoreSnapshot.ReadAsync(store, cancellationToken);
        if (CompactionPlan.For(snapshot, limits) is not { } plan)
        {
            return false;
        }

        var number = snapshot.Head.Number + 1;
        var now = Math.Max(snapshot.Head.UnixMilliseconds, time.GetUtcNow().ToUnixTimeMilliseconds());
        var made = await WriteRunsAsync(snapshot, plan, number, now, cancellationToken);
        if (time.GetElapsedTime(start) > limits.CollectionDelay / 2)
        {
            // Somebody else may take our runs, which no entry names yet, for garbage: give them up in time and start over.
            return true;
        }

        await _chain.CreateAsync(Next(snapshot.Head, plan, number, now, made), cancellationToken);
        return true;
    }

    private RunChainEntry Next(RunChainEntry head, CompactionPlan plan, long number, long now, IReadOnlyList<Run> made) => head with
    {
        Number = number,
        Kind = RunChainKind.Run,
        Runs = [.. head.Runs.Except(plan.Runs), .. made],
        Covered = [.. plan.Covered.OrderBy(covered => covered.Log, StringComparer.Ordinal)],
        Writer = writer,
        UnixMilliseconds = now,
    };

    private async ValueTask<IReadOnlyList<Run>> WriteRunsAsync(StoreSnapshot snapshot, CompactionPlan plan, long number, long now, CancellationToken cancellationToken)
    {
        var runs = new List<Run>();
        var ranges = RangesFor(plan.Bytes);
        var width = Slots.Count / ranges;
        for (var first = 0; first < Slots.Count; first += width)
        {
            if (await WriteRunAsync(snapshot, plan, number, now, (first, first + width - 1), cancellationToken) is { } run)
            {
                runs.Add(run);
            }
        }

        return runs;
    }

    /// <summary>A power of two, so that the ranges of one level lie within those of the level below.</summary>
    private int RangesFor(long bytes)
    {
        var wanted = Math.Clamp((bytes + limits.RunBytes - 1) / limits.RunBytes, 1, limits.MostRanges);
        return (int)BitOperations.RoundUpToPowerOf2((ulong)wanted);
    }

    private async ValueTask<Run?> WriteRunAsync(
        StoreSnapshot snapshot, CompactionPlan plan, long number, long now, (int First, int Last) slots, CancellationToken cancellationToken)
    {
        var inputs = new StoredObjects(store, snapshot, plan.Inputs(slots.First, slots.Last));
        var output = new SegmentWriter();
        await foreach (var row in inputs.StreamAsync(key => Slots.Of(key) is var slot && slot >= slots.First && slot <= slots.Last, cancellationToken))
        {
            if (!TransactionIds.IsForgotten(row, now) && (row.Version.State != RowState.Tombstone || limits.Suspended != SuspendedStoreRule.W9))
            {
                output.Add(row);
            }
        }

        if (output.Rows == 0)
        {
            return null;
        }

        var name = ObjectNames.Run(number, plan.Level, slots.First, slots.Last, writer);
        var content = output.Finish();
        var outcome = await store.CreateSettledAsync(name, content, cancellationToken);
        return outcome == CreateOutcome.Created
            ? new Run(name, plan.Level, number, slots.First, slots.Last, output.Rows, content.Length)
            : throw new CollectedObjectException(name);
    }
}
