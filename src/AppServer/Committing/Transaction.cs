using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Committing;

/// <summary>What a run of a transaction came to.</summary>
internal enum Verdict
{
    /// <summary>It ran: <see cref="Transaction.Writes"/> hold, and its answer waits for validation and durability (a refusal too: it read rows).</summary>
    Ran,

    /// <summary>A row must be loaded: <see cref="AttemptRows.Missing"/>.</summary>
    RowMissing,

    /// <summary>It tells nothing about rows: answer at once.</summary>
    AnswerNow,
}

/// <summary>Something that runs over rows as one transaction, with all that the committer notes about its present attempt. Lives on the lane.</summary>
internal abstract class Transaction
{
    private static readonly IReadOnlyList<RowWrite> None = [];

    private Dictionary<IndexQuestion, IndexAnswer>? _answers;

    /// <summary>Timestamp of arrival.</summary>
    public required long Arrived { get; init; }

    /// <summary>Neighbours in the committer's list of waiting callers.</summary>
    public Transaction? Before { get; set; }

    /// <inheritdoc cref="Before"/>
    public Transaction? After { get; set; }

    /// <summary>The committer on whose lane it lives now.</summary>
    public Committer? Owner { get; set; }

    /// <summary>Where its time goes.</summary>
    public TransactionClock Clock { get; } = new();

    /// <summary>W3C context of the span it runs in; null if it is not traced.</summary>
    public virtual string? Trace => null;

    /// <summary>Whose it is, for seeing one's own writes; null for the server's own.</summary>
    public virtual string? Session => null;

    /// <summary>What indexes said to the questions of its runs: the same each time it runs.</summary>
    public Dictionary<IndexQuestion, IndexAnswer> Answers => _answers ??= [];

    /// <summary>The handler said no: what completes is the refusal.</summary>
    public virtual bool IsRefusal => false;

    /// <summary>Its answer has gone out (or nobody waits any more): it must not run again.</summary>
    public bool Answered { get; protected set; }

    /// <summary>It is part of a batch between close and confirm: were the caller told something now, it could only be "unknown".</summary>
    public bool InDoubt { get; set; }

    /// <summary>Batches that undid it.</summary>
    public int Conflicts { get; set; }

    /// <summary>It came from another server after conflicts, or conflicted at its owner: from now on it is installed in key order (W10).</summary>
    public bool Ordered { get; set; }

    /// <summary>It was given to the owner of a contended row once: it stays there.</summary>
    public bool WasHandedOver { get; set; }

    /// <summary>Rows still being loaded for it.</summary>
    public int Loads { get; set; }

    /// <summary>The rows that its first run will read were asked for, or will not be.</summary>
    public bool WasForeseen { get; set; }

    /// <summary>It waits for rows that it has not asked for: one that cannot be had is no reason to refuse it.</summary>
    public bool IsForeseeing { get; set; }

    /// <summary>The lowest row on which the present attempt conflicted; default if it only built on one that did.</summary>
    public RowKey Contended { get; set; }

    /// <summary>It failed validation in the closing batch, or built on one that did.</summary>
    public bool Undone { get; set; }

    /// <summary>Rows read by the present attempt.</summary>
    public List<Touch> ReadTouches { get; } = [];

    /// <summary>Rows written by the present attempt, with the values it gave.</summary>
    public List<(Touch Touch, Document? Value)> WriteTouches { get; } = [];

    /// <summary>What the last run wants to write.</summary>
    public IReadOnlyList<RowWrite> Writes { get; protected set; } = None;

    /// <summary>Runs over the snapshot. Called again from the start after a row was loaded or a conflict; has no effect of its own.</summary>
    public abstract Verdict Run(IScriptEngine engine, AttemptRows rows);

    /// <summary>Adds the rows that the first run will most probably read. Called once, before it.</summary>
    public virtual void Foresee(List<RowKey> rows)
    {
    }

    /// <summary>What the run gave holds: durable, or validated and read-only.</summary>
    public abstract void Complete();

    /// <summary>Nothing happened and nothing will: the caller may try later.</summary>
    public abstract void Refuse(string reason, int retryAfterSeconds);

    /// <summary>Nobody knows yet; the caller asks again with its id.</summary>
    public abstract void Doubt();

    public void ForgetAttempt()
    {
        ReadTouches.Clear();
        WriteTouches.Clear();
        Writes = None;
        Undone = false;
        InDoubt = false;
        Contended = default;
    }
}
