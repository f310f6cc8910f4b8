namespace Mjolnir.AppServer.Http.Operators;

/// <summary>The limits of rows that operators bring.</summary>
internal static class RowsLimits
{
    /// <summary>Rows of one transaction: it runs again after loading rows that it meets for the first time, and all of them are undone together in a conflict.</summary>
    public const int RowsPerTransaction = 64;

    /// <summary>UTF-8 bytes of one row, as of rows that handlers write: with its previous version it must fit a cache item of 1 MiB.</summary>
    public const int RowBytes = 500 << 10;

    /// <summary>Transactions of one request under way at once: enough to fill a batch while others are served too.</summary>
    public const int TransactionsInFlight = 8;
}
