namespace Mjolnir.Scripting.Jint.Realms;

/// <summary>What the run under way may still take: steps, time and memory. Steps are counted; time and memory are looked at once in a while.</summary>
internal sealed class Budget(Realm realm, TimeProvider time)
{
    private long _untilCheck;
    private long _stepsLeft;
    private long _started;
    private long _allocatedAtStart;
    private TimeSpan _timeout;

    public void Start(TimeSpan timeout)
    {
        _timeout = timeout;
        _started = time.GetTimestamp();
        _allocatedAtStart = GC.GetAllocatedBytesForCurrentThread();
        _stepsLeft = realm.Limits.MaxSteps;
        _untilCheck = realm.Limits.StepsPerCheck;
    }

    public void Take(int steps)
    {
        _untilCheck -= steps;
        if (_untilCheck < 0)
        {
            Check();
        }
    }

    public void Allocate(long bytes)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread() - _allocatedAtStart;
        if (allocated + bytes > realm.Limits.MaxAllocatedBytes)
        {
            throw realm.Limit($"more than {realm.Limits.MaxAllocatedBytes >> 20} MB of memory in one run");
        }
    }

    private void Check()
    {
        _stepsLeft -= realm.Limits.StepsPerCheck - _untilCheck;
        _untilCheck = realm.Limits.StepsPerCheck;
        Allocate(0);
        if (_stepsLeft < 0)
        {
            throw realm.Limit($"more than {realm.Limits.MaxSteps} steps in one run");
        }

        if (time.GetElapsedTime(_started) > _timeout)
        {
            throw realm.Limit($"it ran longer than {_timeout.TotalMilliseconds} ms");
        }
    }
}
