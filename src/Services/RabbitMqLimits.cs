namespace Mjolnir.Services;

/// <summary>The limits of a RabbitMQ node that this machine runs for itself: each with its unit, its reason and where it comes from.</summary>
public static class RabbitMqLimits
{
    /// <summary>Time from start until AMQP answers: 5 s alone on two free cores (docs/design/rabbitmq.md), ten times that on a busy machine or behind a long log.</summary>
    public static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    /// <summary>Time for an orderly stop: about 2 s, more while it writes; then it is killed, which loses nothing that was confirmed.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);

    /// <summary>Time between two looks whether AMQP answers.</summary>
    public static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Time for one such look: a node that has opened its port answers in a millisecond.</summary>
    public static readonly TimeSpan ReadyAnswer = TimeSpan.FromSeconds(2);

    /// <summary>Lines of the node's output that are kept to explain why it did not start.</summary>
    public const int KeptLines = 30;

    /// <summary>Memory, in MB, above which the node blocks publishers: an idle one has 150, and the queues keep most of a backlog on disk.</summary>
    public const int MemoryMegabytes = 1024;

    /// <summary>Free disk, in MB, below which the node blocks publishers: RabbitMQ's own default of 50 is less than one of its files.</summary>
    public const int FreeDiskMegabytes = 200;

    /// <summary>Size of the write-ahead log of quorum queues in MB: what one file of it may hold in memory too. RabbitMQ's own default of 512 is meant for machines that do nothing else.</summary>
    public const int WriteAheadMegabytes = 64;
}
