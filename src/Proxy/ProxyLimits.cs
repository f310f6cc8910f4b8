namespace Mjolnir.Proxy;

/// <summary>Every size, count and wait of the proxy, with unit, reason and source. Operators may change them; the constants are of one piece with the app servers.</summary>
public sealed record ProxyLimits
{
    /// <summary>Bytes of a request body: what an app server takes (its own limit), so that larger ones go no further than here.</summary>
    public int BodyBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes of a body that is no large one: most calls are below 1 KB, and <see cref="Requests"/> of them are 256 MiB.</summary>
    public int SmallBodyBytes { get; init; } = 64 * 1024;

    /// <summary>Calls with a larger body, or one of unknown length, under way at once: 256 MiB, and as much again as they go to app servers. More get 503.</summary>
    public int LargeBodies { get; init; } = 256;

    /// <summary>Bytes per second at which a body must come, on the average: a fifth of the poorest mobile network. Slower ones are cut off; they would hold what others wait for.</summary>
    public double BodyBytesPerSecond { get; init; } = 2 * 1024;

    /// <summary>Time before the rate of a body counts.</summary>
    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of an answer to a call: above it the call is answered as unknown. Result and page changes of a handler are far below.</summary>
    public int AnswerBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of all request headers together: what an app server takes, less room for what the proxy adds.</summary>
    public int HeaderBytes { get; init; } = 15 * 1024;

    /// <summary>Headers of a request: what an app server takes (64), less the proxy's own four.</summary>
    public int Headers { get; init; } = 60;

    /// <summary>Bytes of the request line: what an app server takes.</summary>
    public int RequestLineBytes { get; init; } = 8 * 1024;

    /// <summary>Open connections from outside: file handles for them and as many to app servers stay within the usual 20,480 of a service.</summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>Requests under way, WebSockets not counted: 1 MiB each at most is held, usually some KB.</summary>
    public int Requests { get; init; } = 4_000;

    /// <summary>Open WebSockets.</summary>
    public int WebSockets { get; init; } = 10_000;

    /// <summary>Streams of one HTTP/2 connection: Kestrel's default.</summary>
    public int Http2Streams { get; init; } = 100;

    /// <summary>Connections to one app server that carry calls; it takes 16,000 in all.</summary>
    public int ConnectionsPerServer { get; init; } = 1_024;

    /// <summary>Requests per second that one client address may send on the average; 0: no limit.</summary>
    public double RequestsPerSecond { get; init; }

    /// <summary>Requests that one client address may send at once above the average.</summary>
    public int RequestBurst { get; init; } = 1_000;

    /// <summary>Servers that a request is sent to at most: its owner, another, and one more; then something is wrong that a fourth would not mend.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Time for a call in all: above all waits inside an app server (its own answer "unknown" comes first).</summary>
    public TimeSpan Call { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time without a byte from an app server on a page or file.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time without a frame on a WebSocket; app servers ping every 15 s.</summary>
    public TimeSpan WebSocketSilence { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Time for a request's headers to arrive: a browser takes milliseconds, a slow-header attack all it is given.</summary>
    public TimeSpan RequestHeaders { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time an idle connection from outside is kept: above the 60 s after which load balancers commonly let go.</summary>
    public TimeSpan IdleConnection { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>Time an idle connection to an app server is kept: well below the 130 s after which that lets go, so that no request meets the end of one.</summary>
    public TimeSpan IdleServerConnection { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time to connect to an app server: they are near, so it takes a millisecond, or the server is not there.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time between two questions whether a server is ready.</summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time for the answer; a server that misses it <see cref="ProbeFailures"/> times is down. A frozen one is so found within 4 s of the 5 that healing has.</summary>
    public TimeSpan ProbePatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Missed answers in a row after which a server is down: one may be a pause of its collector.</summary>
    public int ProbeFailures { get; init; } = 2;

    /// <summary>First pause before a server that is down is asked again; doubled up to <see cref="ProbeBackOff"/>.</summary>
    public TimeSpan FirstProbe { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause before a server that is down is asked again: a server that comes back is used within so long.</summary>
    public TimeSpan ProbeBackOff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time that an app server may hold a question for changes of the cluster.</summary>
    public TimeSpan ClusterHold { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for an answer about the cluster that need not be held, and beyond the hold.</summary>
    public TimeSpan ClusterAnswer { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Pause before the next server is asked about the cluster when one could not tell.</summary>
    public TimeSpan ClusterRetry { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The same while no server is known to be ready: callers wait for the first that is.</summary>
    public TimeSpan FirstClusterRetry { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Bytes of an answer about the cluster: 4096 ranges of slots and a thousand servers are less.</summary>
    public int ClusterBytes { get; init; } = 1024 * 1024;

    /// <summary>Time between two looks at certificate files, besides being told of changes: links (as certbot makes) change without that.</summary>
    public TimeSpan CertificateCheck { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time that requests under way are given when the proxy stops.</summary>
    public TimeSpan Stop { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Lines of the access log that wait to be written; more are dropped and counted.</summary>
    public int AccessLogLines { get; init; } = 8_192;

    /// <summary>Seconds to wait that a refusal names.</summary>
    internal const int RetryAfterSeconds = 1;

    /// <summary>Bytes that a chunked body may have for its framing besides, as app servers allow.</summary>
    internal const int ChunkFramingBytes = 16 * 1024;

    /// <summary>Bytes first set aside to receive an answer: most fit.</summary>
    internal const int ReceiveBytes = 4 * 1024;

    /// <summary>Bytes of an answer's headers.</summary>
    internal const int AnswerHeaderBytes = 32 * 1024;

    /// <summary>Keys that an app server names for learning.</summary>
    internal const int LearnedKeys = 8;

    /// <summary>How long a starting proxy looks for servers before it listens: those that are up answer within some ten milliseconds; whoever starts it at the same time as the servers is not kept waiting for its port.</summary>
    public TimeSpan FirstLook { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two looks whether a server has been found, while starting.</summary>
    internal static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(10);

    /// <summary>Time between two looks at connections' deadlines and at servers that are due to be asked.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Connections that wait to be taken: what Kestrel uses.</summary>
    internal const int Backlog = 512;

    /// <summary>Clocks of client addresses (8 bytes each): addresses share one by chance only when there are more.</summary>
    internal const int RateClocks = 1 << 16;

    /// <summary>Characters of a session's cookie, as app servers make it.</summary>
    internal const int CookieCharacters = 1024;
}
