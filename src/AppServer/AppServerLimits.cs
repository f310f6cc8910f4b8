namespace Mjolnir.AppServer;

/// <summary>Every size, count and wait of the server's front, with unit, reason and source.</summary>
public static partial class AppServerLimits
{
    /// <summary>Bytes of a request body and of a WebSocket message: far above what handlers read, small enough that 64 at once are harmless. The memcached item limit is the same.</summary>
    public const int BodyBytes = 1024 * 1024;

    /// <summary>Bytes of a body that is no large one: most calls are below 1 KB.</summary>
    public const int SmallBodyBytes = 64 * 1024;

    /// <summary>Calls with a larger body, or one of unknown length, under way at once: 256 MiB. More get 503.</summary>
    public const int LargeBodies = 256;

    /// <summary>Bytes per second at which a body must come, on the average: a fifth of the poorest mobile network. Slower ones are cut off; they would hold what others wait for.</summary>
    public const double BodyBytesPerSecond = 2 * 1024;

    /// <summary>Time before the rate of a body counts: what Kestrel uses.</summary>
    public static readonly TimeSpan BodyGrace = TimeSpan.FromSeconds(5);

    /// <summary>Bytes that a chunked body may have for its framing besides: 16 bytes of each 4 KiB, the usual chunk, four times over.</summary>
    public const int ChunkFramingBytes = 16 * 1024;

    /// <summary>Bytes of a body with name and password: 64 and 200 characters, every one escaped as <c>\uXXXX</c>, and the braces.</summary>
    public const int CredentialBytes = 4 * 1024;

    /// <summary>Bytes of all request headers together: twice what browsers send with full cookies.</summary>
    public const int HeaderBytes = 16 * 1024;

    /// <summary>Headers of a request: a browser behind two proxies sends about 30.</summary>
    public const int Headers = 64;

    /// <summary>Bytes of the request line: a handler's escaped name or a sign-in's <c>next</c> fits many times.</summary>
    public const int RequestLineBytes = 8 * 1024;

    /// <summary>Time for a request's headers to arrive: a browser takes milliseconds, a slow-header attack all it is given.</summary>
    public static readonly TimeSpan RequestHeaders = TimeSpan.FromSeconds(10);

    /// <summary>Time an idle connection is kept: above the 60 s after which load balancers commonly let go, so that they do it first.</summary>
    public static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(130);

    /// <summary>Open connections: file handles for them stay within the usual 20,480 of a service.</summary>
    public const int Connections = 16_000;

    /// <summary>Connections that wait to be taken: what Kestrel uses, named because a burst of browsers after a restart meets it.</summary>
    public const int Backlog = 512;

    /// <summary>Nesting of a request's JSON: what the script engine's reader takes without deep recursion.</summary>
    public const int JsonDepth = 64;

    /// <summary>Characters of a transaction's id (docs/design/pages.md).</summary>
    public const int IdCharacters = 64;

    /// <summary>Characters of a handler's name, unescaped: a page's path, an element's CSS path and an event.</summary>
    public const int HandlerNameCharacters = 1024;

    /// <summary>Characters of a W3C <c>traceparent</c>; a longer one is of a version that is not known.</summary>
    public const int TraceParentCharacters = 55;

    /// <summary>Characters of a page's path.</summary>
    public const int PathCharacters = 2048;

    /// <summary>Elements that a call ships: pages with more fields than this are forms nobody fills in.</summary>
    public const int Inputs = 2_000;

    /// <summary>Page globals that a call ships.</summary>
    public const int Globals = 1_000;

    /// <summary>Bytes of the client's number <c>n</c>: a 64-bit number with sign and room.</summary>
    public const int NumberBytes = 32;

    /// <summary>Bytes of a thread's answer buffer that are kept for its next answer; a rare large one is given back.</summary>
    public const int KeptAnswerBytes = 64 * 1024;

    /// <summary>Time that requests under way are given when the server stops; Kestrel takes up to 1 s more to cut off those that are not done, so it stays below 2 s.</summary>
    public static readonly TimeSpan Stop = TimeSpan.FromMilliseconds(400);

    /// <summary>Time that open WebSockets are given to say goodbye when the server stops.</summary>
    public static readonly TimeSpan LiveClose = TimeSpan.FromMilliseconds(300);

    /// <summary>Transactions per second that one user may ask for on the average: a person clicks a few times, a script of a page perhaps a hundred.</summary>
    public const double CallsPerSecond = 1_000;

    /// <summary>Transactions that one user may ask for at once above the average.</summary>
    public const int CallBurst = 2_000;

    /// <summary>Users, and addresses, whose rate is remembered at once; idle ones are forgotten first. 100 bytes each.</summary>
    public const int RatedNames = 100_000;

    /// <summary>Smallest file that is compressed: below it the headers outweigh the gain (one TCP segment holds it anyway).</summary>
    public const int CompressedBytes = 512;

    /// <summary>Largest file compressed with Brotli's best level: quality 11 takes about 1 s per MB; larger ones get quality 5.</summary>
    public const int BestBrotliBytes = 512 * 1024;

    /// <summary>Life of a session without use.</summary>
    public static readonly TimeSpan SessionLife = TimeSpan.FromDays(30);

    /// <summary>Age at which a used session's cookie is renewed: once a day is seldom enough to cost nothing.</summary>
    public static readonly TimeSpan SessionRenewal = TimeSpan.FromDays(1);

    /// <summary>Verified cookies remembered: a check costs 2 µs without, so forgetting them all at the limit is harmless. 300 bytes each.</summary>
    public const int VerifiedSessions = 16_384;

    /// <summary>Signed-out sessions of one user that are told apart; with one more, all cookies of the user made before end too. 40 bytes each, in one row.</summary>
    public const int EndedSessionsPerUser = 100;

    /// <summary>Time after which a session in use is looked up anew: how long a sign-out elsewhere can go unnoticed if the news of it were lost. One row read a minute is nothing beside a user's calls.</summary>
    public static readonly TimeSpan SessionCheck = TimeSpan.FromMinutes(1);

    /// <summary>Time before asking again for sessions that could not be looked up.</summary>
    public static readonly TimeSpan EndedSessionRetry = TimeSpan.FromSeconds(1);

    /// <summary>Times that news of a sign-out are followed up: a shard heals within 5 s, a queue or a store that is down longer is met at the session's next use.</summary>
    public const int EndedSessionTries = 10;

    /// <summary>Characters of a session's cookie: a name of 64 four-byte characters in base64 and the rest.</summary>
    public const int TokenCharacters = 512;

    /// <summary>Characters of a user's name (docs/design/pages.md).</summary>
    public const int UserNameCharacters = 64;

    /// <summary>Fewest characters of a password (docs/design/pages.md; NIST SP 800-63B asks for 8).</summary>
    public const int PasswordCharactersLeast = 8;

    /// <summary>Most characters of a password (docs/design/pages.md).</summary>
    public const int PasswordCharactersMost = 200;

    /// <summary>Password checks waiting for a core; more are told to come back. At 50 ms each the last waits about 2 s on two cores.</summary>
    public const int WaitingPasswordChecks = 64;

    /// <summary>Failed sign-ins of one user at once; then one each <see cref="FailedSignInsPerUserSecond"/>.</summary>
    public const int FailedSignInsPerUser = 10;

    /// <summary>Failed sign-ins of one user per second on the average: 8,640 guesses a day against passwords of 8 characters are hopeless.</summary>
    public const double FailedSignInsPerUserSecond = 0.1;

    /// <summary>Failed sign-ins from one address at once: an office behind one address mistypes more often than one person.</summary>
    public const int FailedSignInsPerAddress = 50;

    /// <summary>Failed sign-ins from one address per second on the average.</summary>
    public const double FailedSignInsPerAddressSecond = 1;

    /// <summary>New users from one address at once: a class of pupils.</summary>
    public const int SignUpsPerAddress = 200;

    /// <summary>New users from one address per second on the average.</summary>
    public const double SignUpsPerAddressSecond = 2;

    /// <summary>Seconds to wait that a refusal for load names when nothing better is known.</summary>
    public const int RetryAfterSeconds = 1;

    /// <summary>WebSockets open on one server.</summary>
    public const int LiveConnections = 10_000;

    /// <summary>WebSockets of one user, or of one address that is not signed in: windows and tabs, generously.</summary>
    public const int LiveConnectionsPerUser = 256;

    /// <summary>Transactions of one WebSocket whose answers are not yet sent; then it is not read further, so a client that does not listen stops itself.</summary>
    public const int LiveCallsInFlight = 256;

    /// <summary>Bytes of its frame for which a call takes one of <see cref="LiveCallsInFlight"/> places: 4 MiB of calls are in flight on one WebSocket at most.</summary>
    public const int LiveBytesPerPlace = 16 * 1024;

    /// <summary>Messages in one frame: eight times what can be in flight.</summary>
    public const int LiveMessagesPerFrame = 2_048;

    /// <summary>Bytes first set aside to receive a message; grows to <see cref="BodyBytes"/> as needed.</summary>
    public const int LiveReceiveBytes = 4 * 1024;

    /// <summary>Time between pings on a quiet WebSocket: below the 60 s of common load balancers.</summary>
    public static readonly TimeSpan LivePing = TimeSpan.FromSeconds(15);

    /// <summary>Time for the pong; a browser that went to sleep is let go.</summary>
    public static readonly TimeSpan LivePong = TimeSpan.FromSeconds(30);

    /// <summary>Time for a message that was begun to come to its end: 1 MiB at 50 KB/s, a poor mobile network.</summary>
    public static readonly TimeSpan LiveMessage = TimeSpan.FromSeconds(20);

    /// <summary>Time for one frame to be taken by the network; a client slower than that is cut off.</summary>
    public static readonly TimeSpan LiveSend = TimeSpan.FromSeconds(20);

    /// <summary>Shortest time between two renderings of the same page for the same user: 40 a second look continuous.</summary>
    public static readonly TimeSpan LiveRenderInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>Pages rendered at once because of changes: the lane should mostly do transactions.</summary>
    public const int LiveRendersAtOnce = 4;

    /// <summary>Time to wait before rendering again when rows could not be read.</summary>
    public static readonly TimeSpan LiveRenderRetry = TimeSpan.FromSeconds(1);

    /// <summary>Failed renderings in a row after which the connections are closed; the browser connects again when it likes.</summary>
    public const int LiveRenderRetries = 30;

    /// <summary>Password checks at once: half the cores, so that transactions keep the other half.</summary>
    public static int PasswordChecksAtOnce => Math.Max(1, Environment.ProcessorCount / 2);
}
