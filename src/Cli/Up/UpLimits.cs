namespace Mjolnir.Cli.Up;

/// <summary>The sizes and waits of <c>up</c>, each with its reason.</summary>
internal static class UpLimits
{
    /// <summary>Ports are taken from here up to <see cref="LastPort"/>: below those that Linux gives to outgoing connections (32768 and above), so that nobody takes the port of a server that is being restarted.</summary>
    public const int FirstPort = 20_000;

    /// <summary>The last of these ports.</summary>
    public const int LastPort = 31_999;

    /// <summary>MB per memcached unless told otherwise: 100,000 rows of the bank take 20.</summary>
    public const int MemcachedMegabytes = 256;

    /// <summary>For the proxy and an app server to answer what is under way: a call takes at most some seconds.</summary>
    public static readonly TimeSpan ServerStop = TimeSpan.FromSeconds(10);

    /// <summary>For a worker to store what it has consumed. What is left stays in the queue, so nothing is lost by stopping sooner.</summary>
    public static readonly TimeSpan WorkerStop = TimeSpan.FromSeconds(15);

    /// <summary>For a RabbitMQ and an S3 that are named by URL to answer: they run already, or are just being started by the same hand.</summary>
    public static readonly TimeSpan ServicePatience = TimeSpan.FromSeconds(10);

    /// <summary>For the proxy to serve the first page after it says that it is ready: it still has to hear of the servers.</summary>
    public static readonly TimeSpan FirstPage = TimeSpan.FromSeconds(30);

    /// <summary>For one answer of a server: it is on this machine.</summary>
    public static readonly TimeSpan Answer = TimeSpan.FromSeconds(3);

    /// <summary>Between two looks at the same thing.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>For a V-stack to join or leave: a view change takes some seconds, but waits until every log is drained into the store, and a backlog may be long.</summary>
    public static readonly TimeSpan ScalePatience = TimeSpan.FromMinutes(10);

    /// <summary>For an app server that has left the view to end by itself: it answers what is under way, which takes some seconds at most.</summary>
    public static readonly TimeSpan LeaveEnd = TimeSpan.FromSeconds(20);

    /// <summary>Bytes of a log file after which it is set aside; one such file is kept, so each process has at most twice this.</summary>
    public const long LogFileBytes = 16 << 20;

    /// <summary>Characters of one line of output that are kept: a process that writes without end of line must not fill memory or screen.</summary>
    public const int LineLength = 4_000;

    /// <summary>Lines of events, and of output, under the table.</summary>
    public const int LinesShown = 8;

    /// <summary>Bytes of a control command: the longest has some fifty.</summary>
    public const int CommandBytes = 4_096;

    /// <summary>For a control command to arrive once somebody has connected.</summary>
    public static readonly TimeSpan CommandPatience = TimeSpan.FromSeconds(5);

    /// <summary>Characters of the control socket's path: what the system's socket addresses hold.</summary>
    public const int SocketPathLength = 107;
}
