using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Queries;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Transactions;

/// <summary>A transaction of the server itself, with a result of type <typeparamref name="T"/>; the default value when it could not be run.</summary>
internal abstract class InnerTransaction<T> : Transaction
{
    private readonly TaskCompletionSource<T?> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T?> Result => _result.Task;

    /// <summary>Why it could not be run; null if it was.</summary>
    public string? Refusal { get; private set; }

    protected T? Value { get; set; }

    public override void Complete() => End(Value);

    public override void Refuse(string reason, int retryAfterSeconds)
    {
        Refusal = reason;
        End(default);
    }

    public override void Doubt() => End(default);

    private void End(T? value)
    {
        if (!Answered)
        {
            Answered = true;
            _result.TrySetResult(value);
        }
    }
}

/// <summary>A page's templates over one snapshot.</summary>
internal sealed class RenderTransaction(Application application, Page page, string? user, TransactionSeed seed, Action<string, Exception> engineFault) : InnerTransaction<RenderedTemplates>
{
    public override string? Session => user ?? "";

    public override Verdict Run(IScriptEngine engine, AttemptRows rows)
    {
        RenderResult rendered;
        try
        {
            rendered = engine.Render(application, page, user, seed, rows);
        }
        catch (Exception exception)
        {
            // A fault of the engine, not of the protocol: the page is answered as unavailable, and the fault is reported.
            engineFault(page.Path, exception);
            return Verdict.AnswerNow;
        }

        if (rendered.Status == RunStatus.RowMissing)
        {
            return Verdict.RowMissing;
        }

        Value = new RenderedTemplates(rendered.Values, [.. rows.Read.Select(static cell => cell.Key), .. rows.Told.Select(static question => IndexQueries.KeyOf(question.App, question.Table)).Distinct()], rendered.Failures);
        return Verdict.Ran;
    }
}

/// <summary>A built-in step.</summary>
internal sealed class BuiltInTransaction(BuiltInStep step) : InnerTransaction<TransactionStatus?>
{
    public override Verdict Run(IScriptEngine engine, AttemptRows rows)
    {
        var writes = new List<RowWrite>();
        if (!step(rows, writes))
        {
            return Verdict.RowMissing;
        }

        Writes = writes;
        Value = TransactionStatus.Committed;
        return Verdict.Ran;
    }
}

/// <summary>One row, current and durable.</summary>
internal sealed class ReadTransaction(RowKey key) : InnerTransaction<ReadTransaction.Found>
{
    public override Verdict Run(IScriptEngine engine, AttemptRows rows)
    {
        if (!rows.TryRead(key, out var row))
        {
            return Verdict.RowMissing;
        }

        Value = new Found(row);
        return Verdict.Ran;
    }

    public sealed record Found(Document? Row);
}
