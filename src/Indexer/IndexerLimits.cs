namespace Mjolnir.Indexer;

/// <summary>Limits of the indexer.</summary>
internal static class IndexerLimits
{
    /// <summary>How long pages that a step replaced stay for readers: a query takes milliseconds, and one that takes longer starts again at a newer head.</summary>
    public static readonly TimeSpan ReplacedPagesStay = TimeSpan.FromSeconds(10);
}
