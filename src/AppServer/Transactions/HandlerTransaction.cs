using Mjolnir.AppServer.Committing;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Transactions;

/// <summary>A handler's call as a transaction. With an id it also reads and writes the id's outcome (V15).</summary>
internal sealed class HandlerTransaction(TransactionCall call, RowKey? outcomeKey, CommitterLimits limits, TimeProvider time, HandlerQuarantine quarantine, KeyPredictor predictor, RowForesight? foresight, Action<string, Exception> engineFault)
    : Transaction
{
    private readonly TaskCompletionSource<TransactionAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RunResult? _outcome;
    private bool _routed;
    private IReadOnlyList<string> _touched = [];

    public Task<TransactionAnswer> Answer => _answer.Task;

    /// <summary>What was asked for.</summary>
    public TransactionCall Call => call;

    /// <summary>It decided nothing, and is not remembered under its id: the same call may come again.</summary>
    private bool IsNotReady => _outcome is { Status: RunStatus.Aborted, AbortKind: AbortKind.NotReady };

    private CallParts Parts => new(call.Run.User, call.Run.Args, call.Run.Inputs);

    public override string? Trace => call.Trace;

    public override string? Session => call.Run.User ?? "";

    public override bool IsRefusal => _outcome?.Status == RunStatus.Aborted;

    public override void Foresee(List<RowKey> rows)
    {
        if (foresight is null)
        {
            return;
        }

        if (outcomeKey is { } id)
        {
            rows.Add(id);
        }

        foresight.Foresee(call.Run.Handler.Name, call.Run.Application.Name, Parts, rows);
    }

    public override Verdict Run(IScriptEngine engine, AttemptRows rows)
    {
        Writes = [];
        if (outcomeKey is { } key)
        {
            if (!rows.TryRead(key, out var first))
            {
                return Verdict.RowMissing;
            }

            if (first is not null)
            {
                _outcome = Outcomes.Decode(first, call.Run.Handler.Name);
                return Verdict.Ran;
            }
        }

        var started = time.GetTimestamp();
        _outcome = Guarded(engine, rows);
        NoteRoute(rows);
        switch (_outcome.Status)
        {
            case RunStatus.RowMissing:
                return Verdict.RowMissing;
            case RunStatus.InputMissing:
            case RunStatus.Aborted when IsNotReady:
                return Verdict.AnswerNow;
            case RunStatus.Aborted when _outcome.AbortKind == AbortKind.Limit:
                quarantine.TookTooLong(call.Run.Handler.Name, call.Run.User, time.GetElapsedTime(started));
                break;
        }

        RefuseLargeOutcome();
        Writes = outcomeKey is { } id ? WithOutcome(id, _outcome) : _outcome.Writes;
        return Verdict.Ran;
    }

    public override void Complete() => End(_outcome!.Status switch
    {
        RunStatus.Completed => TransactionStatus.Committed,
        RunStatus.InputMissing => TransactionStatus.InputMissing,
        _ when IsNotReady => TransactionStatus.Unavailable,
        _ => TransactionStatus.Aborted,
    });

    public override void Refuse(string reason, int retryAfterSeconds) =>
        End(new TransactionAnswer { Status = TransactionStatus.Unavailable, Reason = reason, RetryAfterSeconds = retryAfterSeconds, Routed = _routed, RetryElsewhere = Owner is not { IsStopping: false } });

    public override void Doubt() =>
        End(new TransactionAnswer { Status = TransactionStatus.Unknown, Reason = "The outcome is not known yet. Ask again with the same id.", Routed = _routed });

    /// <summary>Another server ran it, and this is what it came to. On any thread: it was given away, and lives on no lane.</summary>
    public void CompleteAs(TransactionAnswer answer) => End(answer);

    /// <summary>An engine that throws has a fault of its own: the caller is told, it is reported, and the rows are untouched. Nothing of the protocol is in doubt.</summary>
    private RunResult Guarded(IScriptEngine engine, AttemptRows rows)
    {
        try
        {
            return engine.Run(call.Run, rows);
        }
        catch (Exception exception)
        {
            engineFault(call.Run.Handler.Name, exception);
            return new RunResult { Status = RunStatus.Aborted, AbortKind = AbortKind.Error, Reason = $"The script engine failed on the handler '{call.Run.Handler.Name}'; this is a fault of Mjolnir, not of the handler." };
        }
    }

    /// <summary>Routed well is what ran beside one of its rows; what rows a call needs is told to who predicts them.</summary>
    private void NoteRoute(AttemptRows rows)
    {
        _routed = rows.Read.Count == 0 || rows.Read.Exists(static cell => cell.Home.Link.IsBeside);
        if (_outcome!.Status == RunStatus.RowMissing)
        {
            return;
        }

        if (foresight is not null && foresight.WantsToLearn(call.Run.Handler.Name))
        {
            foresight.Learn(call.Run.Handler.Name, Parts, rows.Read.FindAll(static cell => !Outcomes.IsOutcome(cell.Key)).ConvertAll(static cell => cell.Key));
        }

        var learns = predictor.WantsToLearn(call.Run.Handler.Name);
        if (!learns && !call.WantsKeys)
        {
            return;
        }

        _touched = rows.Read.FindAll(static cell => !Outcomes.IsOutcome(cell.Key)).ConvertAll(static cell => cell.Key.PrimaryKey);
        if (learns)
        {
            predictor.Learn(call.Run.Handler.Name, Parts, _touched);
        }
    }

    private void RefuseLargeOutcome()
    {
        if (outcomeKey is not null && _outcome!.Result.Length + _outcome.Changes.Length > limits.OutcomeBytes)
        {
            _outcome = new RunResult
            {
                Status = RunStatus.Aborted,
                AbortKind = AbortKind.Limit,
                Reason = $"The handler's result and page changes are over {limits.OutcomeBytes} bytes together.",
            };
        }
    }

    private List<RowWrite> WithOutcome(RowKey id, RunResult outcome)
    {
        var writes = outcome.Status == RunStatus.Completed ? new List<RowWrite>(outcome.Writes) : [];
        writes.Add(new RowWrite(id, Outcomes.Encode(call.Run.Handler.Name, outcome, time.GetUtcNow().ToUnixTimeMilliseconds())));
        return writes;
    }

    private void End(TransactionStatus status) => End(new TransactionAnswer
    {
        Status = status,
        Result = _outcome!.Result,
        Changes = _outcome.Changes,
        Reads = _outcome.Reads,
        Reason = _outcome.Reason,
        AbortKind = status == TransactionStatus.Aborted ? _outcome.AbortKind : default,
        Position = _outcome.Position,
        RetryAfterSeconds = IsNotReady ? 1 : 0,
        Timing = Clock.Read(Arrived, time),
        Routed = _routed,
        Touched = call.WantsKeys ? _touched : [],
    });

    private void End(TransactionAnswer answer)
    {
        if (!Answered)
        {
            Answered = true;
            _answer.TrySetResult(answer);
        }
    }
}
