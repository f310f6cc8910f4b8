using System.Globalization;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>What is done to a part.</summary>
internal enum FaultKind
{
    /// <summary>kill -9. Its supervisor starts it again; queue and store stay away for a while first.</summary>
    Kill,

    /// <summary>SIGSTOP, and SIGCONT later.</summary>
    Stop,

    /// <summary>Its connections are reset, and new ones too for a while.</summary>
    Cut,

    /// <summary>Nothing passes to it or from it for a while; then everything does.</summary>
    Silence,

    /// <summary>What is asked of it takes effect, but no answer comes; then its connections are reset: the outcome of all that was under way is unknown.</summary>
    LostAnswers,

    /// <summary>A third V-stack joins, gets its share of the slots, and leaves again: the view changes twice.</summary>
    Scale,

    /// <summary>
    /// A stored byte flips. In items of a memcached, which is emptied later, as the operating guide says; in objects of the store while a memcached is emptied, so that rows must come from there; they are put back later.
    /// </summary>
    Damage,
}

/// <summary>A part of the cluster.</summary>
internal enum FaultTarget
{
    App1,
    App2,
    Worker1,
    Worker2,
    Indexer1,
    Indexer2,
    Cache1,
    Cache2,
    Proxy,
    Queue,
    Store,

    /// <summary>The supervisor and all that it runs: every role and every memcached.</summary>
    Everything,
}

/// <summary>One fault of a schedule.</summary>
/// <param name="Kind">what is done</param>
/// <param name="Target">to which part</param>
/// <param name="Lasts">until it begins to be undone; for a kill of queue or store until it is started again</param>
/// <param name="Where">which byte is damaged, of all that could be, from 0 to 1</param>
/// <param name="Pause">until the next fault begins: after the cluster serves again, or, if the faults overlap, after this one began</param>
/// <param name="Overlaps">the next fault does not wait for the end of this one</param>
internal sealed record TortureFault(FaultKind Kind, FaultTarget Target, TimeSpan Lasts, double Where, TimeSpan Pause, bool Overlaps)
{
    /// <summary>What is done to whom, in words.</summary>
    public string Words => Kind switch
    {
        FaultKind.Kill => $"kill -9 of {Part}",
        FaultKind.Stop => string.Create(CultureInfo.InvariantCulture, $"SIGSTOP of {Part} for {Lasts.TotalSeconds:F1} s"),
        FaultKind.Cut => string.Create(CultureInfo.InvariantCulture, $"{Part} cut off for {Lasts.TotalSeconds:F1} s"),
        FaultKind.Damage when Target == FaultTarget.Store => string.Create(CultureInfo.InvariantCulture, $"a byte of each of some objects flipped for {Lasts.TotalSeconds:F1} s, and memcached {EmptiedMeanwhile} killed"),
        FaultKind.Damage => string.Create(CultureInfo.InvariantCulture, $"a byte of each of some items of {Part} flipped, and {Part} killed after {Lasts.TotalSeconds:F1} s"),
        FaultKind.Scale => string.Create(CultureInfo.InvariantCulture, $"three V-stacks for {Lasts.TotalSeconds:F1} s"),
        FaultKind.Silence => string.Create(CultureInfo.InvariantCulture, $"silence to and from {Part} for {Lasts.TotalSeconds:F1} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"answers of {Part} lost for {Lasts.TotalSeconds:F1} s"),
    };

    /// <summary>The memcached that is killed while an object is damaged.</summary>
    public int EmptiedMeanwhile => Where * 1e6 % 2 < 1 ? 1 : 2;

    private string Part => Target switch
    {
        FaultTarget.App1 => "app server 1",
        FaultTarget.App2 => "app server 2",
        FaultTarget.Worker1 => "write-behind worker 1",
        FaultTarget.Worker2 => "write-behind worker 2",
        FaultTarget.Indexer1 => "indexer 1",
        FaultTarget.Indexer2 => "indexer 2",
        FaultTarget.Cache1 => "memcached 1",
        FaultTarget.Cache2 => "memcached 2",
        FaultTarget.Proxy => "the proxy",
        FaultTarget.Queue => "RabbitMQ",
        FaultTarget.Store => "S3",
        _ => "everything",
    };
}
