namespace Mjolnir.AppServer.Committing;

/// <summary>
/// Whether the next batch waits a moment for the callers who have just been answered. Without the wait the callers of a server fall into two halves: one half's batch is on its way
/// while the other half arrives and is closed the moment the first is confirmed, for ever. A batch costs the log, the shards and the worker nearly the same whatever its size, so
/// one batch for both halves costs about half. The wait is no longer than the batch itself, only follows batches of several callers, ends as soon as they are back, and is
/// given up where it brings nobody (callers who do not come back): then only one batch in <see cref="CommitterLimits.GatherProbe"/> tries again.
/// </summary>
internal sealed class BatchGathering(CommitterLimits limits)
{
    private double _gain = 1;
    private TimeSpan _round;
    private int _answered;
    private int _before;
    private int _skipped;

    /// <summary>A wait is on.</summary>
    public bool IsOn { get; private set; }

    /// <summary>How long a batch takes from close to confirm, averaged over about eight.</summary>
    public void Round(TimeSpan round) => _round += (round - _round) / 8;

    /// <summary>A batch has been answered; how long to wait before the next is closed: zero for not at all.</summary>
    /// <param name="answered">its transactions</param>
    /// <param name="open">transactions in the open batch</param>
    public TimeSpan Begin(int answered, int open)
    {
        IsOn = false;
        var wait = _round < limits.LongestGather ? _round : limits.LongestGather;
        if (answered < limits.GatherCallers || wait < limits.ShortestGather)
        {
            return TimeSpan.Zero;
        }

        if (_gain < limits.GatherGain && ++_skipped < limits.GatherProbe)
        {
            return TimeSpan.Zero;
        }

        (_skipped, _answered, _before, IsOn) = (0, answered, open, true);
        return wait;
    }

    /// <summary>Nearly all who were answered are back.</summary>
    public bool IsComplete(int open) => (open - _before) * 8L >= _answered * 7L;

    /// <summary>The wait is over; learns what share of the answered came back in it.</summary>
    public void End(int open)
    {
        IsOn = false;
        _gain += (Math.Clamp((double)(open - _before) / _answered, 0, 1) - _gain) / 8;
    }
}
