using System.Globalization;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Committing;

/// <summary>An envelope as it was read or installed, with the token that proves it. A changed row is another object: comparing references compares versions.</summary>
/// <param name="Envelope">what the shard holds; durable, or made by this server's batch under way</param>
/// <param name="Token">its CAS token</param>
/// <param name="Incarnation">the connection's incarnation the token belongs to (V5)</param>
internal sealed record CellBase(Envelope Envelope, ulong Token, long Incarnation);

/// <summary>All that a server remembers of one row: the base it proved, and what its open and its closing batch make of it.</summary>
internal sealed class Cell(RowKey key, SlotHome home)
{
    public RowKey Key { get; } = key;

    /// <summary>Where the row lives. A row that moves gets another cell: what is under way for the old one cannot touch the new one.</summary>
    public SlotHome Home { get; } = home;

    /// <summary>The item's name in the shard (V6).</summary>
    public string CacheKey { get; } = string.Create(CultureInfo.InvariantCulture, $"{home.Since}:{key.Text}");

    /// <summary>Null while nothing is known: the row must be loaded.</summary>
    public CellBase? Base { get; set; }

    /// <summary>The row's part in the batch that takes transactions now.</summary>
    public Touch? Open { get; set; }

    /// <summary>The row's part in the batch between close and confirm.</summary>
    public Touch? Closing { get; set; }

    /// <summary>Transactions to run again once the row is loaded; null when nobody loads it.</summary>
    public List<Transaction>? Waiting { get; set; }

    /// <summary>Times in a row that somebody else was found loading it.</summary>
    public int LeaseHeld { get; set; }

    /// <summary>The run that read this row last, so that a run notes each row once.</summary>
    public long SeenByRun { get; set; }

    /// <summary>How many rows the table had taken in when this one was used last: its age is counted in rows, not in time.</summary>
    public long TouchedAt { get; set; }

    /// <summary>True if the row can be read now.</summary>
    public bool IsReady => Base is { } known && Home.IsOpen && known.Incarnation == Home.Link.Incarnation;

    public bool InUse => Open is not null || Closing is not null || Waiting is not null;

    /// <summary>True if the value now read depends on a batch that is not durable.</summary>
    public bool Pending => Open is { Written: true } || Closing is { Written: true };

    /// <summary>The value a transaction sees that runs now: pending state first (protocol: reading a key, step 1).</summary>
    public Document? Value =>
        Open is { Written: true } open ? open.Value
        : Closing is { Written: true } closing ? closing.Value
        : Base!.Envelope.Current.Value;
}

/// <summary>A row's part in one batch.</summary>
internal sealed class Touch(Cell cell)
{
    public Cell Cell { get; } = cell;

    /// <summary>The base on which the batch's first transaction met the row. Another base at the close means the row was reloaded in between: its transactions run again.</summary>
    public CellBase? Base { get; set; } = cell.Base;

    public bool Written { get; set; }

    /// <summary>The last value given by a transaction of the batch; null removes.</summary>
    public Document? Value { get; set; }

    /// <summary>While closing: the envelope asked to be installed.</summary>
    public Envelope? Candidate { get; set; }

    /// <summary>While closing: the envelope installed, with its token; null if it is not in the shard.</summary>
    public CellBase? Installed { get; set; }

    /// <summary>While closing: somebody else changed the row; whoever read or wrote it runs again.</summary>
    public bool Failed { get; set; }

    /// <summary>Why the shard would not take the row; null if it was no such refusal.</summary>
    public string? Refused { get; set; }

    /// <summary>While undoing: the value in the shard was given by a transaction that is undone.</summary>
    public bool Tainted { get; set; }
}
