using System.Collections.Concurrent;

namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>
/// The system's clock for a client of the small S3. Short waits, which are back-offs, are shortened; a long one, which is patience with an answer, is over when the test says so: where the processors are busy no answer may come in any time fixed beforehand.
/// </summary>
internal sealed class HastyTime : TimeProvider
{
    private const double Haste = 20;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Wait, ITimer> _waits = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < Long)
        {
            return base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / Haste : dueTime, period);
        }

        var wait = new Wait(this);
        _waits[wait] = wait.Timer = base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return wait;
    }

    /// <summary>All patience so far is over.</summary>
    public void GiveUp()
    {
        foreach (var wait in _waits.Values)
        {
            wait.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Wait(HastyTime time) : ITimer
    {
        public ITimer Timer { get; set; } = null!;

        public bool Change(TimeSpan dueTime, TimeSpan period) => Timer.Change(dueTime, period);

        public void Dispose()
        {
            time._waits.TryRemove(this, out _);
            Timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
