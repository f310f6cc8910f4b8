using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Compaction;

/// <summary>Compacts the store whenever this process is the leader of <see cref="Duty"/>: one process of a cluster does it.</summary>
/// <param name="leadership">picks the process</param>
/// <param name="store">the store</param>
/// <param name="time">the clock</param>
/// <param name="limits">limits of merging and collecting</param>
/// <param name="newId">source of random ids</param>
/// <param name="failed">told of a broken rule or damage; it is tried again after the next pause</param>
public sealed class CompactionDuty(ILeadership leadership, IObjectStore store, TimeProvider time, WriteBehindLimits limits, Func<string> newId, Action<Exception> failed)
{
    /// <summary>The task that one process leads.</summary>
    public const string Duty = "compactor";

    /// <summary>Compacts while this process leads, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await LeadAsync(cancellationToken);
                await Task.Delay(limits.CompactionInterval, time, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task LeadAsync(CancellationToken cancellationToken)
    {
        await using var lease = await leadership.TryLeadAsync(Duty, cancellationToken);
        if (lease is null)
        {
            return;
        }

        using var turn = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            await new Compactor(store, time, limits, newId()).RunAsync(turn.Token);
        }
        catch (OperationCanceledException) when (turn.IsCancellationRequested)
        {
            // Another process may compact now, or this one ends.
        }
        catch (Exception fault)
        {
            failed(fault);
        }
    }
}
