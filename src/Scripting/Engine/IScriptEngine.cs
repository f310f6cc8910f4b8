using System.Collections.Frozen;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Engine;

/// <summary>The rows that a run may see. The engine asks once per row and run and keeps what it got.</summary>
public interface IRowSource
{
    /// <summary>
    /// True: the snapshot knows the row; <paramref name="row"/> is its value, null if there is no such row. False: the snapshot does not know,
    /// and the run must end as <see cref="RunStatus.RowMissing"/>: the row is loaded and the handler runs again.
    /// </summary>
    bool TryRead(RowKey key, out Document? row);

    /// <summary>
    /// True: what an index says to a question, the same each time within a transaction, or why it says nothing. False: it is not known yet, and the run must end as at a row that
    /// is not known (<see cref="RunStatus.RowMissing"/>): the answer is found and the handler runs again.
    /// </summary>
    bool TryAsk(IndexQuestion question, out IndexAnswer? answer)
    {
        answer = IndexAnswer.Refused("there are no indexes here");
        return true;
    }

    /// <summary>
    /// The columns of the unique indexes that a table may have besides those that the application declares, because servers of another version do (<see cref="Unique.UniqueState"/>). Null: that is not
    /// known, and whoever writes a row of the table must read the state's row.
    /// </summary>
    IReadOnlySet<string>? KeptColumns(string app, string table) => FrozenSet<string>.Empty;
}

/// <summary>Fixed for a transaction however often its handler runs: clock, ids and randomness.</summary>
/// <param name="UnixMilliseconds">what <c>mjolnir.now()</c>, <c>Date.now()</c> and <c>new Date()</c> say</param>
/// <param name="Random">seed of <c>Math.random()</c> and <c>mjolnir.id()</c></param>
public readonly record struct TransactionSeed(long UnixMilliseconds, ulong Random);

/// <summary>One call of a handler, as it came in. The JSON parts are slices of the request, already checked to be one JSON value each and not deeper than the limit.</summary>
public sealed class HandlerCall
{
    /// <summary>The application version it runs in.</summary>
    public required Application Application { get; init; }

    /// <summary>The handler.</summary>
    public required Handler Handler { get; init; }

    /// <summary>The signed-in user, or null.</summary>
    public string? User { get; init; }

    /// <summary>JSON array of arguments; empty means none.</summary>
    public ReadOnlyMemory<byte> Args { get; init; }

    /// <summary>JSON object: element name → properties (docs/design/pages.md); empty means none.</summary>
    public ReadOnlyMemory<byte> Inputs { get; init; }

    /// <summary>JSON object: global → value; empty means none.</summary>
    public ReadOnlyMemory<byte> Globals { get; init; }

    /// <summary>JSON object that describes the event, or empty.</summary>
    public ReadOnlyMemory<byte> Event { get; init; }

    /// <summary>The path of the page the call came from; null if unknown: the handler's own page.</summary>
    public string? Page { get; init; }

    /// <summary>True: what was not shipped exists in the browser and must be asked for (<see cref="RunStatus.InputMissing"/>). False: it is as the page was written.</summary>
    public bool Partial { get; init; }

    /// <summary>Clock, ids and randomness.</summary>
    public required TransactionSeed Seed { get; init; }
}

/// <summary>How a run ended.</summary>
public enum RunStatus
{
    /// <summary>It ran to its end: writes, result and changes hold.</summary>
    Completed,

    /// <summary>It touched a row that the snapshot does not have (<see cref="RunResult.Missing"/>), or asked an index what is not known yet.</summary>
    RowMissing,

    /// <summary>It read an input or a global that the browser did not ship: <see cref="RunResult.Reads"/> tells all it read.</summary>
    InputMissing,

    /// <summary><c>mjolnir.abort</c>, a thrown error, a broken column type or a limit: <see cref="RunResult.Reason"/> and <see cref="RunResult.Position"/>.</summary>
    Aborted,
}

/// <summary>Why a run was aborted.</summary>
public enum AbortKind
{
    /// <summary><c>mjolnir.abort(reason)</c>.</summary>
    Refused,

    /// <summary>The script threw, or a value broke its column's type.</summary>
    Error,

    /// <summary>It ran too long, recursed too deep or took too much memory.</summary>
    Limit,

    /// <summary>It takes a value of a unique index that is not ready: nothing is decided, the call may come again.</summary>
    NotReady,
}

/// <summary>One row that a run wrote.</summary>
/// <param name="Key">the row</param>
/// <param name="Value">its new value; null removes it</param>
public readonly record struct RowWrite(RowKey Key, Document? Value);

/// <summary>What a run did. Nothing outside the engine has changed.</summary>
public sealed class RunResult
{
    /// <summary>How it ended.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>The handler's return value as JSON; empty if undefined.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>Page changes as a JSON object (docs/design/pages.md); empty if none.</summary>
    public ReadOnlyMemory<byte> Changes { get; init; }

    /// <summary>The inputs and globals read, as a JSON object (docs/design/pages.md); empty if none.</summary>
    public ReadOnlyMemory<byte> Reads { get; init; }

    /// <summary>Rows written, each once, in no order; only when completed.</summary>
    public IReadOnlyList<RowWrite> Writes { get; init; } = [];

    /// <summary>The row to load, when missing; default when it is an index's answer that is missing.</summary>
    public RowKey Missing { get; init; }

    /// <summary>Plain words for the user or author, when aborted.</summary>
    public string? Reason { get; init; }

    /// <summary>Refusal, error or limit, when aborted.</summary>
    public AbortKind AbortKind { get; init; }

    /// <summary>Where in the author's file, when aborted and known.</summary>
    public SourcePosition? Position { get; init; }
}

/// <summary>What the templates of a page came to for one user.</summary>
public sealed class RenderResult
{
    /// <summary>Completed, RowMissing, or Aborted (never for one bad template: that shows as empty text and a diagnostic).</summary>
    public required RunStatus Status { get; init; }

    /// <summary>One value per <see cref="Pages.Page.Templates"/>, in order: HTML for text templates, plain text for attributes.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Templates whose evaluation failed, with the reason, for the log and the developer.</summary>
    public IReadOnlyList<Diagnostic> Failures { get; init; } = [];

    /// <summary>The row to load, when missing; default when it is an index's answer that is missing.</summary>
    public RowKey Missing { get; init; }
}

/// <summary>
/// Runs handlers and templates of applications. Not thread-safe: one engine per lane; it keeps its own pool per application version. A run leaves nothing behind
/// for the next one: no global, no prototype change, no row.
/// </summary>
public interface IScriptEngine : IDisposable
{
    /// <summary>Runs one handler over a snapshot. Never throws for anything a script does.</summary>
    RunResult Run(HandlerCall call, IRowSource rows);

    /// <summary>Evaluates all templates of a page over a snapshot, read-only.</summary>
    RenderResult Render(Application application, Pages.Page page, string? user, TransactionSeed seed, IRowSource rows);
}
