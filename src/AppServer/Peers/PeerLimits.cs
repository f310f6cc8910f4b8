namespace Mjolnir.AppServer.Peers;

/// <summary>Sizes and waits of the links between app servers.</summary>
public static class PeerLimits
{
    /// <summary>Version of what is spoken over links. Another one is refused in the hello.</summary>
    public const int Version = 2;

    /// <summary>Bytes of a frame before a link is authenticated: the hello is two names, a challenge and a proof.</summary>
    public const int HelloBytes = 1024;

    /// <summary>Bytes of a frame: a call's body is 1 MiB at most, an answer has a result and page changes of 1 MiB together and what was read of the page.</summary>
    public const int FrameBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of one receive: about 200 small calls.</summary>
    public const int ReceiveBytes = 64 * 1024;

    /// <summary>Bytes that wait to be sent over a link before calls are no longer passed on: what the network takes in far less than a call's patience.</summary>
    public const int WaitingBytes = 8 * 1024 * 1024;

    /// <summary>Calls under way over one link: some tenths of a second of work for a server; more are run where they arrived.</summary>
    public const int CallsInFlight = 4_096;

    /// <summary>Keys of rows in an answer: what the proxy is told, and enough to learn from.</summary>
    public const int Keys = AppServerLimits.ToldKeys;

    /// <summary>Links that a listener keeps: far more servers than the protocol was tried with.</summary>
    public const int Connections = 256;

    /// <summary>Of these not yet authenticated: strangers cannot crowd out servers for longer than <see cref="Hello"/>.</summary>
    public const int Strangers = 32;

    /// <summary>Connections that wait to be taken.</summary>
    public const int Backlog = 64;

    /// <summary>Time for the hello in both directions: four small messages.</summary>
    public static readonly TimeSpan Hello = TimeSpan.FromSeconds(3);

    /// <summary>Time to connect: beyond it the server is not reachable for calls either.</summary>
    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(2);

    /// <summary>Between two pings of each end.</summary>
    public static readonly TimeSpan Ping = TimeSpan.FromSeconds(1);

    /// <summary>Silence after which a link is given up: four pings; a frozen server keeps its connections open.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(4);

    /// <summary>Time for the answer of a call: its owner answers within its own patience of 20 s.</summary>
    public static readonly TimeSpan Answer = TimeSpan.FromSeconds(25);

    /// <summary>Time for the answer to a question for marks, which a server gives at once: beyond it the one who asks says that it may not have seen everything.</summary>
    public static readonly TimeSpan Marks = TimeSpan.FromSeconds(1);

    /// <summary>First wait before connecting again; doubled each time.</summary>
    public static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait before connecting again. A link is tried for as long as its server is heard.</summary>
    public static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(3);

    /// <summary>Time that calls of other servers are given to end when this one stops; then their links are cut.</summary>
    public static readonly TimeSpan Stop = TimeSpan.FromSeconds(2);
}
