using System.Collections.Concurrent;

namespace Mjolnir.AppServer.Http;

/// <summary>
/// A rate per name, as a virtual clock each (GCRA, ITU-T I.371): the time at which all that was granted will have been earned. One number per name, no timers; names that
/// owe nothing are forgotten when there are too many.
/// </summary>
internal sealed class TokenBuckets(RateLimit limit, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);
    private readonly Bucket _crowd = new();
    private readonly long _interval = (long)(time.TimestampFrequency / limit.PerSecond);
    private readonly long _burst = (long)(time.TimestampFrequency / limit.PerSecond * limit.Burst);
    private int _count;

    /// <summary>Takes one, if the name may.</summary>
    public bool TryTake(string name) => BucketOf(name).TryTake(time.GetTimestamp(), _interval, _burst);

    /// <summary>Whether the name may take one, without taking it.</summary>
    public bool MayTake(string name) => !_buckets.TryGetValue(name, out var bucket) || bucket.MayTake(time.GetTimestamp(), _interval, _burst);

    /// <summary>Takes one whether the name may or not. What is taken beyond the burst is owed, so that many at once are no cheaper than one after another.</summary>
    public void Charge(string name) => BucketOf(name).Charge(time.GetTimestamp(), _interval);

    private Bucket BucketOf(string name)
    {
        if (_buckets.TryGetValue(name, out var bucket))
        {
            return bucket;
        }

        if (Volatile.Read(ref _count) >= AppServerLimits.RatedNames && !Forget())
        {
            // More names at once than we remember, all of them busy: the newcomers share one rate.
            return _crowd;
        }

        bucket = _buckets.GetOrAdd(name, static _ => new Bucket());
        Interlocked.Increment(ref _count);
        return bucket;
    }

    private bool Forget()
    {
        var now = time.GetTimestamp();
        foreach (var (name, bucket) in _buckets)
        {
            if (bucket.OwesNothing(now))
            {
                _buckets.TryRemove(name, out _);
            }
        }

        var count = _buckets.Count;
        Volatile.Write(ref _count, count);
        return count < AppServerLimits.RatedNames;
    }

    private sealed class Bucket
    {
        private long _earned = long.MinValue;

        public bool OwesNothing(long now) => Volatile.Read(ref _earned) <= now;

        public bool MayTake(long now, long interval, long burst) => Math.Max(Volatile.Read(ref _earned), now) - now + interval <= burst;

        public void Charge(long now, long interval)
        {
            while (Volatile.Read(ref _earned) is var earned && Interlocked.CompareExchange(ref _earned, Math.Max(earned, now) + interval, earned) != earned)
            {
                // Somebody else was quicker: again, over what they made of it.
            }
        }

        public bool TryTake(long now, long interval, long burst)
        {
            while (true)
            {
                var earned = Volatile.Read(ref _earned);
                var next = Math.Max(earned, now) + interval;
                if (next - now > burst)
                {
                    return false;
                }

                if (Interlocked.CompareExchange(ref _earned, next, earned) == earned)
                {
                    return true;
                }
            }
        }
    }
}
