namespace Mjolnir.Simulation.Tests.Scheduling;

/// <summary>The clock of a process: everybody's time runs alike, but the times of day differ. Timers come as callbacks of the process, late if it stands still.</summary>
internal sealed class SimulatedTime(SimulatedProcess process) : TimeProvider
{
    /// <summary>By how much this process's time of day is ahead.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Begins at a second: nobody takes a time for "never".</summary>
    public override long GetTimestamp() => TimeSpan.TicksPerSecond + process.Loop.Now;

    public override DateTimeOffset GetUtcNow() => process.Loop.UtcNow + Offset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(SimulatedProcess process, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;
        private long _setting;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            _setting++;
            if (dueTime >= TimeSpan.Zero)
            {
                Set(process.Loop.Now + dueTime.Ticks);
            }

            return true;
        }

        public void Dispose() => _setting++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(long due)
        {
            var setting = _setting;
            process.Loop.At(due, () =>
            {
                if (setting == _setting && !process.IsDead)
                {
                    process.Post(_ => Fire(setting, due), null);
                }
            });
        }

        private void Fire(long setting, long due)
        {
            if (setting != _setting)
            {
                return;
            }

            if (_period > TimeSpan.Zero)
            {
                Set(Math.Max(due + _period.Ticks, process.Loop.Now));
            }

            callback(state);
        }
    }
}
