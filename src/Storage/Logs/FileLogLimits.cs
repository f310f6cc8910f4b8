namespace Mjolnir.Storage.Logs;

/// <summary>The limits of the logs in files.</summary>
public sealed record FileLogLimits
{
    /// <summary>The usual limits.</summary>
    public static readonly FileLogLimits Default = new();

    /// <summary>A chunk that has grown to this many bytes is followed by a new one. 64 MiB: read at a start in well under a second, and deleted as a whole once stored.</summary>
    public long ChunkBytes { get; init; } = 64L << 20;

    /// <summary>Messages that wait together are written and made durable together up to this many bytes. 8 MiB: some milliseconds of writing.</summary>
    public int GroupBytes { get; init; } = 8 << 20;

    /// <summary>Longest message in bytes; a longer one is refused. 64 MiB: far above any batch, and a frame still fits an array and a chunk.</summary>
    public int MessageBytes { get; init; } = 64 << 20;

    /// <summary>Bytes of messages kept in memory for a consumer that has not asked for them yet; past that it reads the file. 16 MiB: seconds of full load.</summary>
    public int TailBytes { get; init; } = 16 << 20;

    /// <summary>Most messages that one read hands to the consumer.</summary>
    public int ReadMessages { get; init; } = 1024;

    /// <summary>Most bytes that one read hands to the consumer, but for a single longer message. 4 MiB.</summary>
    public int ReadBytes { get; init; } = 4 << 20;

    /// <summary>How much of a file is read at a time, in bytes. 1 MiB: beyond that reading gets no faster.</summary>
    public int WindowBytes { get; init; } = 1 << 20;
}
