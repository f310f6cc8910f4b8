using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// Notices that a process stood still: a timer that should come every <see cref="ClusterLimits.Beat"/> came much later. Others take a process for dead after <see cref="ClusterLimits.BeatPatience"/>, so an operator
/// who finds a log sealed finds the reason beside it. From any thread.
/// </summary>
internal sealed class Lateness(TimeProvider time)
{
    private long _last = time.GetTimestamp();
    private long _collecting = GC.GetTotalPauseDuration().Ticks;

    /// <summary>Called by each tick of the timer. What to tell; null: it came in time, or nearly.</summary>
    public string? Tick()
    {
        var now = time.GetTimestamp();
        var apart = time.GetElapsedTime(Interlocked.Exchange(ref _last, now), now);
        var collected = GC.GetTotalPauseDuration().Ticks;
        var paused = TimeSpan.FromTicks(collected - Interlocked.Exchange(ref _collecting, collected));
        return apart < ClusterLimits.Beat * 2
            ? null
            : $"two beats of this process came {apart.TotalMilliseconds:F0} ms apart, not {ClusterLimits.Beat.TotalMilliseconds:F0}: the machine gave it no processor, or it had too much to do (collecting memory took {paused.TotalMilliseconds:F0} ms of it, {ThreadPool.PendingWorkItemCount} pieces of work wait); after {ClusterLimits.BeatPatience.TotalMilliseconds:F0} ms others take it for dead";
    }
}
