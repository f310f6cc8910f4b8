using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Transactions;

/// <summary>A call as it reaches the transactions of a server: authenticated, allowed, within all limits.</summary>
/// <param name="Run">what the handler gets; its seed included</param>
/// <param name="Id">the client's id, at most 64 characters, or null: an id of the same user never commits twice</param>
public sealed record TransactionCall(HandlerCall Run, string? Id)
{
    /// <summary>How it came to the server that runs it.</summary>
    public CallPassage Passage { get; init; }

    /// <summary>The answer shall tell which rows it touched (<see cref="TransactionAnswer.Touched"/>).</summary>
    public bool WantsKeys { get; init; }

    /// <summary>A proxy has chosen this server for it: it sees more of the traffic and knows better what is hot, so the call is run where it came.</summary>
    public bool IsPlaced { get; init; }

    /// <summary>W3C context of the span it runs in; null if it is not traced.</summary>
    public string? Trace { get; init; }
}

/// <summary>How a call came to the server that runs it. One that another server gave away stays where it is: none goes round in circles.</summary>
public enum CallPassage
{
    /// <summary>From a client.</summary>
    Direct,

    /// <summary>Another server passed it on because its row is probably here.</summary>
    Passed,

    /// <summary>Another server gave it away after conflicts over a row that is here.</summary>
    HandedOver,
}

/// <summary>How a transaction ended.</summary>
public enum TransactionStatus
{
    /// <summary>Durable (or read-only and current).</summary>
    Committed,

    /// <summary>The handler said no; nothing happened.</summary>
    Aborted,

    /// <summary>An input must be shipped; nothing happened.</summary>
    InputMissing,

    /// <summary>Too much load, or a part is healing: nothing happened; try after <see cref="TransactionAnswer.RetryAfterSeconds"/>.</summary>
    Unavailable,

    /// <summary>The outcome is not known: ask again with the same id.</summary>
    Unknown,
}

/// <summary>Where a transaction's time went, in microseconds, for <c>Server-Timing</c> and the bench.</summary>
/// <param name="Route">waiting for the lane</param>
/// <param name="Read">loading rows</param>
/// <param name="Run">running the handler, all attempts</param>
/// <param name="Lock">waiting for its batch to close, install and validate</param>
/// <param name="Log">waiting for the log</param>
/// <param name="Attempts">runs of the handler</param>
public readonly record struct TransactionTiming(int Route, int Read, int Run, int Lock, int Log, int Attempts);

/// <summary>The answer to a transaction.</summary>
public sealed class TransactionAnswer
{
    /// <summary>How it ended.</summary>
    public required TransactionStatus Status { get; init; }

    /// <summary>JSON of the handler's return value; empty if none.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>JSON object of page changes; empty if none.</summary>
    public ReadOnlyMemory<byte> Changes { get; init; }

    /// <summary>JSON object of the inputs and globals read; empty if none.</summary>
    public ReadOnlyMemory<byte> Reads { get; init; }

    /// <summary>Why it was aborted or is unavailable.</summary>
    public string? Reason { get; init; }

    /// <summary>Refusal, error or limit, when aborted.</summary>
    public AbortKind AbortKind { get; init; }

    /// <summary>Where in the author's file, when aborted and known.</summary>
    public SourcePosition? Position { get; init; }

    /// <summary>When unavailable.</summary>
    public int RetryAfterSeconds { get; init; }

    /// <summary>Where the time went.</summary>
    public TransactionTiming Timing { get; init; }

    /// <summary>True if it ran beside the shard that holds its rows.</summary>
    public bool Routed { get; init; }

    /// <summary>Primary keys of the rows it touched, outcomes of ids left out; only if the call wanted them.</summary>
    public IReadOnlyList<string> Touched { get; init; } = [];

    /// <summary>When unavailable: another server may well be able to run it now (this one stops, or has too much to do).</summary>
    public bool RetryElsewhere { get; init; }
}

/// <summary>The templates of a page for one user, with the rows they depend on.</summary>
/// <param name="Values">as in <see cref="RenderResult.Values"/></param>
/// <param name="Rows">rows read, and for each table whose indexes were asked the row that stands for them (<see cref="Queries.IndexQueries.KeyOf"/>): a change of one of them may change a value</param>
/// <param name="Failures">templates that failed</param>
public sealed record RenderedTemplates(IReadOnlyList<string> Values, IReadOnlyList<RowKey> Rows, IReadOnlyList<Diagnostic> Failures);

/// <summary>A step of a built-in transaction (sign-up, seeding): reads rows and gives writes, or null to do nothing. Runs on the lane, perhaps several times: no side effects.</summary>
/// <param name="rows">the snapshot; a false <see cref="IRowSource.TryRead"/> must end the step by returning <c>false</c></param>
/// <param name="writes">what to write</param>
public delegate bool BuiltInStep(IRowSource rows, List<RowWrite> writes);

/// <summary>The transactions of one V-stack's app server. Thread-safe.</summary>
public interface ITransactions
{
    /// <summary>Runs a handler as one atomic, linearizable, durable transaction. Never throws for what a handler or a component does.</summary>
    ValueTask<TransactionAnswer> RunAsync(TransactionCall call, CancellationToken cancellationToken);

    /// <summary>Evaluates a page's templates over one linearizable snapshot. Null: unavailable just now (answer 503).</summary>
    ValueTask<RenderedTemplates?> RenderAsync(Application application, Page page, string? user, CancellationToken cancellationToken);

    /// <summary>Runs a built-in step as a transaction; committed or unavailable.</summary>
    ValueTask<TransactionStatus> RunBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken);

    /// <summary>The same, with the reason of a refusal in plain words where it is known.</summary>
    async ValueTask<(TransactionStatus Status, string? Refusal)> TryBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken) => (await RunBuiltInAsync(step, cancellationToken), null);

    /// <summary>Reads one row, current and durable. Null: no such row.</summary>
    ValueTask<Document?> ReadAsync(RowKey key, CancellationToken cancellationToken);

    /// <summary>Called after rows have changed durably, wherever in the cluster, on the lane's thread, and after indexes have, on any: be quick.</summary>
    IDisposable OnChanged(Action<IReadOnlyList<RowKey>> changed);
}

/// <summary>Finds the app server beside a row: in one process the V-stack whose shard holds the key's slot.</summary>
public interface ITransactionRouter
{
    /// <summary>The server to run a call on: by the predicted key, or any.</summary>
    ITransactions Route(TransactionCall call);

    /// <summary>The server beside a row.</summary>
    ITransactions Beside(RowKey key);

    /// <summary>Any server (templates over several rows).</summary>
    ITransactions Any { get; }
}
