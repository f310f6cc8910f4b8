namespace Mjolnir.Chaos;

/// <summary>A machine whose wall clock is set while it runs, by hours, forwards and backwards; time itself (timestamps, timers) goes on as ever, as it does in the kernel.</summary>
public sealed class JumpingWallClock : TimeProvider
{
    private long _ahead;

    /// <summary>Sets the wall clock so far from what it should say.</summary>
    public void Set(TimeSpan ahead) => Interlocked.Exchange(ref _ahead, ahead.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));
}
