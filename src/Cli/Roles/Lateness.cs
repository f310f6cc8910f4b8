using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// Notices that a process stood still, in part or as a whole: others take it for dead after <see cref="ClusterLimits.BeatPatience"/> without a beat and seal its log, so an operator who finds that finds the reason beside
/// it. Three things are measured with each beat: how late its timer came, how long work waited for a thread of the pool, and how long a notice took to the bus and back. From any thread.
/// </summary>
/// <param name="time">the process's time</param>
/// <param name="takeLongestWay">the longest way of a notice since it was asked last</param>
/// <param name="tell">told in plain words, once for each beat that something was late</param>
internal sealed class Lateness(TimeProvider time, Func<TimeSpan> takeLongestWay, Action<string> tell)
{
    /// <summary>What is told: twice the time between beats, a little over half of what others bear.</summary>
    private static readonly TimeSpan Late = ClusterLimits.Beat * 2;

    private long _last = time.GetTimestamp();
    private long _collecting = GC.GetTotalPauseDuration().Ticks;
    private int _isProbing;

    /// <summary>Called by each tick of the timer, which is not queued behind the pool's other work.</summary>
    public void Tick()
    {
        var now = time.GetTimestamp();
        Judge("two beats of this process came apart by", time.GetElapsedTime(Interlocked.Exchange(ref _last, now), now));
        Judge("a notice of this process came back from the queue's bus after", takeLongestWay());
        if (Interlocked.Exchange(ref _isProbing, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static probe => probe.Lateness.Probed(probe.At), (Lateness: this, At: now), preferLocal: false);
        }
    }

    private void Probed(long queuedAt)
    {
        Volatile.Write(ref _isProbing, 0);
        Judge("work of this process waited for a thread for", time.GetElapsedTime(queuedAt));
    }

    private void Judge(string what, TimeSpan took)
    {
        if (took < Late)
        {
            return;
        }

        var collected = GC.GetTotalPauseDuration().Ticks;
        var paused = TimeSpan.FromTicks(collected - Interlocked.Exchange(ref _collecting, collected));
        tell($"{what} {took.TotalMilliseconds:F0} ms, with {ClusterLimits.Beat.TotalMilliseconds:F0} ms between beats: the machine gives too little processor, or something holds it up (collecting memory took {paused.TotalMilliseconds:F0} ms since this was told last, {ThreadPool.PendingWorkItemCount} pieces of work wait for {ThreadPool.ThreadCount} threads); after {ClusterLimits.BeatPatience.TotalMilliseconds:F0} ms without a beat others take a process for dead");
    }
}
