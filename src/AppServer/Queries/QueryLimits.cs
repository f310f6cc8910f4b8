namespace Mjolnir.AppServer.Queries;

/// <summary>Waits and sizes of queries.</summary>
internal static class QueryLimits
{
    /// <summary>How long a query waits for what its own user wrote: a step of the indexer takes a tenth of it. Then it is answered, and says that it is behind.</summary>
    public static readonly TimeSpan OwnWrites = TimeSpan.FromSeconds(1);

    /// <summary>How long a query waits for everything durable, where that is asked for, or for indexes that are being built; then it is refused.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    /// <summary>Heads that one query begins at: pages that a step replaced stay ten seconds, so the second one is luck enough.</summary>
    public const int Heads = 5;

    /// <summary>Writes between two looks at whose are settled: a look at some thousand users takes about a millisecond.</summary>
    public const int UsersBetweenSweeps = 4_000;
}
