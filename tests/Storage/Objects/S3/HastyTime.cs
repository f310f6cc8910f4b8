namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>The system's clock with its waits shortened, so that a test need not sit out time-outs.</summary>
internal sealed class HastyTime(double factor) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / factor : dueTime, period);
}
