namespace Mjolnir.AppServer.Queries;

/// <summary>Sizes of queries.</summary>
internal static class QueryLimits
{
    /// <summary>Writes between two looks at whose are settled: a look at some thousand users takes about a millisecond.</summary>
    public const int UsersBetweenSweeps = 4_000;
}
