namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>The limits of a process's dealings with RabbitMQ: each with its unit, its reason and where it comes from.</summary>
internal static class RabbitMqClientLimits
{
    /// <summary>Time for TCP and the handshake with one endpoint. A live one takes milliseconds; a frozen one takes TCP and then says nothing, and healing has 5 s in all.</summary>
    public static readonly TimeSpan ConnectPatience = TimeSpan.FromMilliseconds(1500);

    /// <summary>First wait after no endpoint could be reached.</summary>
    public static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait between two tries to reach the endpoints: what a broker that comes back is noticed late by. A try at a port that is closed costs next to nothing.</summary>
    public static readonly TimeSpan LongestBackOff = TimeSpan.FromMilliseconds(250);

    /// <summary>Interval of AMQP heartbeats: both ends take the other for dead after two of them. A killed process is noticed at once by its socket; this is for frozen ones and cut cables.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(3);

    /// <summary>Time for one operation (declare, bind, delete …): milliseconds, and some hundred while a cluster elects. Whoever is slower is taken for frozen, and the connection is given up.</summary>
    public static readonly TimeSpan ControlPatience = TimeSpan.FromSeconds(5);

    /// <summary>Time for a broker that did not answer one thing to answer another, which takes a live one a millisecond: so a queue that does not answer is told from a node that does not.</summary>
    public static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Time between making a log and using it. RabbitMQ (3.10 to date) writes down which data belongs to a new quorum queue only when its list of queues was left alone for half a second, looked at every half second; a node that is killed
    /// before that starts the queue anew, and what was confirmed in it is gone (measured: docs/design/rabbitmq.md). Twice that, and one more for another log made meanwhile.
    /// </summary>
    public static readonly TimeSpan SettlingTime = TimeSpan.FromMilliseconds(1500);

    /// <summary>Time for a confirm. The committer takes one later than 2 s for unknown (V9), so there is nothing to wait for beyond; the little more leaves that judgement to it.</summary>
    public static readonly TimeSpan ConfirmPatience = TimeSpan.FromMilliseconds(2200);

    /// <summary>Time that an idle publisher whose connection broke may take to get a new one, before a message that was not sent is refused. Below the 2 s of <see cref="ConfirmPatience"/>'s source, so that the message can still be sent and confirmed.</summary>
    public static readonly TimeSpan ReopenPatience = TimeSpan.FromMilliseconds(1500);

    /// <summary>
    /// Batches delivered and not acknowledged: one worker's view of its log. A worker acknowledges about once a second, and a server makes at most some 1,000 batches a second, so this never holds it up. RabbitMQ has no
    /// limit by bytes; batches are 8 KB under load (docs/design/rabbitmq.md), so it is about 16 MB, what the worker holds anyway.
    /// </summary>
    public const ushort Prefetch = 2048;

    /// <summary>Bytes handed to the worker by one read: it stores at 16 MB and should not get far beyond.</summary>
    public const int ReadBytes = 4 * 1024 * 1024;

    /// <summary>Notices waiting to be sent: one second of batches of a fast server. The oldest is dropped; every newer one of a log says more.</summary>
    public const int OutgoingNotices = 1024;

    /// <summary>Bytes waiting to be sent are bounded by <see cref="OutgoingNotices"/> times this: a notice with more row keys is sent in parts.</summary>
    public const int NoticeBytes = 32 * 1024;

    /// <summary>The largest message: RabbitMQ's own <c>max_message_size</c> until version 4, which takes 16 MiB unless it is told to take more.</summary>
    public const int MessageBytes = 128 << 20;

    /// <summary>A context as W3C writes it: version, trace, span, flags. What is of another length is none.</summary>
    public const int TraceParentBytes = 55;

    /// <summary>Notices of others waiting in the broker for this process: two seconds of ten fast servers. The oldest is dropped.</summary>
    public const int IncomingNotices = 20_000;

    /// <summary>Notices of others on their way here and not acknowledged; bounds this process's memory when its listeners are slow.</summary>
    public const ushort NoticePrefetch = 512;

    /// <summary>Notices acknowledged together: an acknowledgement each would cost as much as the notice.</summary>
    public const int NoticesPerAcknowledgement = 128;

    /// <summary>Consumed batches waiting to be told to indexers: one second of a fast server. What is beyond is not told; indexers read it from the store.</summary>
    public const int OutgoingBatches = 1024;

    /// <summary>Bytes of batches waiting in the broker for one indexer: some seconds of several fast servers. The oldest is dropped, and read from the store.</summary>
    public const int IncomingBatchBytes = 32 * 1024 * 1024;

    /// <summary>Time after which a process that has sent and did not hear itself knows that it is deaf: a round trip takes a millisecond.</summary>
    public static readonly TimeSpan SelfPatience = TimeSpan.FromSeconds(1);
}
