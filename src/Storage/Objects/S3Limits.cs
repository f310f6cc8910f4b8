namespace Mjolnir.Storage.Objects;

/// <summary>The limits of talking to S3: each with its unit, its reason and where it comes from.</summary>
internal static class S3Limits
{
    /// <summary>Requests under way at the same time. A GET takes 60 ms on the real service and 2 ms nearby: 32 are 500 a second there, and no crowd here.</summary>
    public const int ParallelRequests = 32;

    /// <summary>Waiting for one of them to end before a request is not even begun. Longer than any one request may take.</summary>
    public static readonly TimeSpan SlotPatience = TimeSpan.FromSeconds(30);

    /// <summary>Until a connection stands.</summary>
    public static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(3);

    /// <summary>One request with its whole answer. The real service takes 100 ms, in its worst moments some seconds.</summary>
    public static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(10);

    /// <summary>More of it for each byte sent: objects of 16 MB, over a line of one megabyte a second.</summary>
    public static readonly TimeSpan PatiencePerMegabyte = TimeSpan.FromSeconds(1);

    /// <summary>Tries of a read, list or delete that got no answer, or an answer that says "later". Two are for connections that were cut; an outage is the caller's to wait for.</summary>
    public const int Tries = 3;

    /// <summary>Pause before the second try; it doubles with each. AWS's own advice is to begin at some ten milliseconds.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Tries of a creation that is answered 409: somebody else's creation of that name is being decided, which takes as long as their request.</summary>
    public const int ConflictTries = 8;

    /// <summary>Names asked for in one list request: the most that S3 gives.</summary>
    public const int PageNames = 1000;

    /// <summary>A connection unused for so long is closed: many a server closes it after 60 s by itself, and a request sent just then is lost.</summary>
    public static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(30);
}
