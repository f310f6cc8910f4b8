using Mjolnir.Core.Envelopes;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.AppServer.Committing;

/// <summary>What is known of a stamp.</summary>
internal enum StampFate
{
    /// <summary>Its batch is confirmed: it holds for ever.</summary>
    Durable,

    /// <summary>Its batch is not confirmed as far as we know: wait.</summary>
    Provisional,

    /// <summary>Its log is sealed below it: it never was.</summary>
    Void,
}

/// <summary>
/// Durable and sealed watermarks of all logs, as told by their owners and by seals, never by what is seen in a queue (protocol: reading a key, step 3).
/// Lives on the lane.
/// </summary>
internal sealed class LogMarks(TimeProvider time)
{
    private readonly Dictionary<string, Mark> _marks = [];

    public StampFate FateOf(Stamp stamp)
    {
        if (stamp == Stamp.None)
        {
            return StampFate.Durable;
        }

        if (!_marks.TryGetValue(stamp.Log, out var mark))
        {
            return StampFate.Provisional;
        }

        // A sealed watermark is the last word: a cut after the loss of a queue may lower it (W4).
        if (mark.Sealed is { } sealedAt)
        {
            return stamp.Batch <= sealedAt ? StampFate.Durable : StampFate.Void;
        }

        return stamp.Batch <= mark.Durable ? StampFate.Durable : StampFate.Provisional;
    }

    public long? SealedAt(string log) => _marks.TryGetValue(log, out var mark) ? mark.Sealed : null;

    public long DurableOf(string log) => _marks.TryGetValue(log, out var mark) ? mark.Durable : 0;

    /// <summary>An owner tells that its log is durable up to a batch, or who sealed it, that it ends there.</summary>
    public void Hear(CommitNotice notice)
    {
        if (notice.Sealed)
        {
            Seal(notice.Log, notice.DurableBatch);
            return;
        }

        var mark = Of(notice.Log);
        if (notice.DurableBatch > mark.Durable)
        {
            mark.Durable = notice.DurableBatch;
            Wake(notice.Log, mark);
        }
    }

    /// <summary>The store tells where a log ends.</summary>
    public void Seal(string log, long watermark)
    {
        var mark = Of(log);
        mark.Sealed = watermark;
        Wake(log, mark);
    }

    /// <summary>Waits until the stamp is durable or void; Provisional when patience ran out first.</summary>
    public async ValueTask<StampFate> WaitAsync(Stamp stamp, TimeSpan patience)
    {
        var fate = FateOf(stamp);
        if (fate != StampFate.Provisional)
        {
            return fate;
        }

        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Of(stamp.Log).Waiters.Add((stamp.Batch, waiter));
        try
        {
            await EndedAsync(waiter.Task).WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            Of(stamp.Log).Waiters.RemoveAll(entry => entry.Waiter == waiter);
        }

        return FateOf(stamp);
    }

    /// <summary>Ends on the waiter's own lane, not where it is woken.</summary>
    private static async Task EndedAsync(Task waiter) => await waiter;

    private Mark Of(string log)
    {
        if (!_marks.TryGetValue(log, out var mark))
        {
            _marks.Add(log, mark = new Mark());
        }

        return mark;
    }

    private void Wake(string log, Mark mark)
    {
        for (var i = mark.Waiters.Count - 1; i >= 0; i--)
        {
            var (batch, waiter) = mark.Waiters[i];
            if (FateOf(new Stamp(log, batch)) != StampFate.Provisional)
            {
                mark.Waiters.RemoveAt(i);
                waiter.SetResult();
            }
        }
    }

    private sealed class Mark
    {
        public long Durable { get; set; }

        public long? Sealed { get; set; }

        public List<(long Batch, TaskCompletionSource Waiter)> Waiters { get; } = [];
    }
}
