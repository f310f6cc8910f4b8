using Mjolnir.Storage.Cluster;

namespace Mjolnir.WriteBehind.Views;

/// <summary>
/// Keeps the view of a running cluster: hears who lives, seals the logs of who does not, makes views and opens them, warms shards. It runs in every write-behind process and works in one of
/// them, the leader of <see cref="Duty"/>. That there is one only saves work: every step is create-if-absent, so two at once do no harm.
/// </summary>
public sealed class ViewKeeper(ViewKeeperOptions options)
{
    /// <summary>The task that one process leads.</summary>
    public const string Duty = "keeper";

    private volatile bool _isLeading;
    private volatile KeeperTerm? _term;
    private long _otherHeardAt;

    /// <summary>True while this process is the keeper.</summary>
    public bool IsLeading => _isLeading;

    /// <summary>Rows of the store put into shards so far, and rows in all; both 0 while this process warms nothing.</summary>
    public (long Rows, long Total) Warming => _term?.Warming ?? default;

    /// <summary>Keeps the view whenever this process is the leader, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var listening = options.Bus.Listen(Hear);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await LeadUnlessOtherAsync(cancellationToken);
                await Task.Delay(options.Limits.LeadRetry, options.Time, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void Hear(ClusterNotice notice)
    {
        if (notice is KeeperBeat keeper && keeper.Run != options.Run)
        {
            Interlocked.Exchange(ref _otherHeardAt, options.Time.GetTimestamp());
        }
    }

    /// <summary>Nobody asks to lead while another is heard: brokers write each refusal into their logs.</summary>
    private Task LeadUnlessOtherAsync(CancellationToken cancellationToken)
    {
        var heardAt = Interlocked.Read(ref _otherHeardAt);
        var isOtherLeading = heardAt != 0 && options.Time.GetElapsedTime(heardAt) < ClusterLimits.BeatPatience;
        return isOtherLeading ? Task.CompletedTask : LeadAsync(cancellationToken);
    }

    /// <summary>One term, if nobody else leads.</summary>
    private async Task LeadAsync(CancellationToken cancellationToken)
    {
        await using var lease = await options.Leadership.TryLeadAsync(Duty, cancellationToken);
        if (lease is null)
        {
            return;
        }

        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        _isLeading = true;
        try
        {
            options.Report("keeps the view");
            await KeepAsync(term.Token);
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            options.Report("keeps the view no more: another process may");
        }
        finally
        {
            _isLeading = false;
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        await using var term = new KeeperTerm(options);
        _term = term;
        try
        {
            await term.RunAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Told loudly and tried again: servers go on with the view they have, and workers with their logs.
            options.Failed(fault);
            await Task.Delay(options.Limits.FaultPause, options.Time, cancellationToken);
        }
        finally
        {
            _term = null;
        }
    }
}
