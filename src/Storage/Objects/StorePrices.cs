namespace Mjolnir.Storage.Objects;

/// <summary>
/// What requests cost at Amazon's public list prices for S3 Standard in us-east-1, in dollars. Other services and contracts differ: the figure says which habit is dear, not what the bill will be.
/// Storage itself and traffic out of the region are not in it.
/// </summary>
public static class StorePrices
{
    /// <summary>Dollars for a thousand PUT requests; LIST costs the same.</summary>
    public const double PerThousandPuts = 0.005;

    /// <summary>Dollars for a thousand LIST requests.</summary>
    public const double PerThousandLists = 0.005;

    /// <summary>Dollars for a thousand GET requests.</summary>
    public const double PerThousandGets = 0.0004;

    /// <summary>Dollars for these requests. Deletions are free.</summary>
    public static double Dollars(StoreRequestFigures requests) =>
        ((requests.Puts * PerThousandPuts) + (requests.Lists * PerThousandLists) + (requests.Gets * PerThousandGets)) / 1000;
}

/// <summary>What the store costs a day if requests go on as in the last minute. Thread-safe; looks at the counters only when asked.</summary>
public sealed class StoreBill
{
    /// <summary>Time looked back over: long enough for the second-by-second rhythm of segments and the compactor's bursts, short enough to be "now".</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly Queue<(long At, StoreRequestFigures Figures)> _looks = new();
    private readonly StoreRequests _requests;
    private readonly TimeProvider _time;

    /// <summary>Begins to look.</summary>
    public StoreBill(StoreRequests requests, TimeProvider time)
    {
        (_requests, _time) = (requests, time);
        _looks.Enqueue((time.GetTimestamp(), requests.Figures));
    }

    /// <summary>Dollars a day at the present rate; 0 before any time has passed.</summary>
    public double DollarsPerDay()
    {
        var now = (At: _time.GetTimestamp(), _requests.Figures);
        lock (_lock)
        {
            // The oldest look kept is the last one that is a whole window old, or else the first.
            while (_looks.Count > 1 && _time.GetElapsedTime(_looks.ElementAt(1).At, now.At) >= Window)
            {
                _looks.Dequeue();
            }

            var then = _looks.Peek();
            if (_looks.Count == 1 || _time.GetElapsedTime(_looks.Last().At, now.At) >= Window / 10)
            {
                _looks.Enqueue(now);
            }

            var passed = _time.GetElapsedTime(then.At, now.At);
            return passed > TimeSpan.Zero ? StorePrices.Dollars(now.Figures.Since(then.Figures)) * (TimeSpan.FromDays(1) / passed) : 0;
        }
    }
}
