using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Peers;

/// <summary>
/// The transactions of another server, as this one sees them: handlers' calls go over the link to run beside their rows; all else is done by this server itself, for any server may run any
/// transaction. Thread-safe.
/// </summary>
internal sealed class PeerTransactions(PeerLink link, TransactionServer local, KeyPredictor predictor, TimeProvider time, PeerCounters counters) : ITransactions
{
    private static readonly TransactionAnswer NotKnown = new() { Status = TransactionStatus.Unknown, Reason = "The link to the server that runs it broke. Ask again with the same id." };

    /// <summary>True while calls can be passed.</summary>
    public bool IsConnected => link.IsConnected;

    /// <summary>The other server's name.</summary>
    public string Server => link.Server;

    public async ValueTask<TransactionAnswer> RunAsync(TransactionCall call, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var learns = predictor.WantsToLearn(call.Run.Handler.Name);
        var reply = await link.CallAsync(call, CallPassage.Passed, call.WantsKeys || learns);
        switch (reply.Outcome)
        {
            case PeerOutcome.Answered when reply.Answer is { Status: TransactionStatus.Unavailable, RetryElsewhere: true }:
            case PeerOutcome.NotRun:
                // Certainly nothing has happened there.
                Interlocked.Increment(ref counters.RunHereInstead);
                return await local.RunAsync(call, cancellationToken);
            case PeerOutcome.Answered:
                Interlocked.Increment(ref counters.Passed);
                if (learns)
                {
                    predictor.Learn(call.Run.Handler.Name, new CallParts(call.Run.User, call.Run.Args, call.Run.Inputs), reply.Answer!.Touched);
                }

                return WithHop(reply.Answer!, began, call.WantsKeys);
            default:
                Interlocked.Increment(ref counters.Unknown);
                return await SettleAsync(call, cancellationToken);
        }
    }

    public ValueTask<RenderedTemplates?> RenderAsync(Application application, Page page, string? user, CancellationToken cancellationToken) =>
        local.RenderAsync(application, page, user, cancellationToken);

    public ValueTask<TransactionStatus> RunBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken) => local.RunBuiltInAsync(step, cancellationToken);

    public ValueTask<(TransactionStatus Status, string? Refusal)> TryBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken) => local.TryBuiltInAsync(step, cancellationToken);

    public ValueTask<Document?> ReadAsync(RowKey key, CancellationToken cancellationToken) => local.ReadAsync(key, cancellationToken);

    public IDisposable OnChanged(Action<IReadOnlyList<RowKey>> changed) => local.OnChanged(changed);

    /// <summary>Takes over a handler's transaction that conflicted here; false if it must stay. Called on the lane: only starts it.</summary>
    public bool TryTakeOver(HandlerTransaction transaction)
    {
        if (!link.IsConnected)
        {
            return false;
        }

        transaction.WasHandedOver = true;
        _ = TakeOverAsync(transaction);
        return true;
    }

    private async Task TakeOverAsync(HandlerTransaction transaction)
    {
        var began = transaction.Arrived;
        var reply = await link.CallAsync(transaction.Call, CallPassage.HandedOver, transaction.Call.WantsKeys);
        switch (reply.Outcome)
        {
            case PeerOutcome.Answered when reply.Answer is { Status: TransactionStatus.Unavailable, RetryElsewhere: true }:
            case PeerOutcome.NotRun:
                // Back to where it came from; there it stays.
                local.TakeBack(transaction);
                break;
            case PeerOutcome.Answered:
                transaction.CompleteAs(WithHop(reply.Answer!, began, transaction.Call.WantsKeys));
                break;
            default:
                Interlocked.Increment(ref counters.Unknown);
                transaction.CompleteAs(await SettleAsync(transaction.Call, CancellationToken.None));
                break;
        }
    }

    /// <summary>
    /// The link broke under a call: with an id it may simply be asked for again, which finds the first outcome or runs it (V15). What then says that nothing happened speaks of the second
    /// run only.
    /// </summary>
    private async ValueTask<TransactionAnswer> SettleAsync(TransactionCall call, CancellationToken cancellationToken)
    {
        if (call.Id is null)
        {
            return NotKnown;
        }

        var answer = await local.RunAsync(call with { Passage = CallPassage.Passed }, cancellationToken);
        return answer.Status == TransactionStatus.Unavailable ? NotKnown : answer;
    }

    /// <summary>The time that the way there and back took counts as routing.</summary>
    private TransactionAnswer WithHop(TransactionAnswer answer, long began, bool wantsKeys)
    {
        var timing = answer.Timing;
        var there = (long)timing.Route + timing.Read + timing.Run + timing.Lock + timing.Log;
        var hop = (long)time.GetElapsedTime(began).TotalMicroseconds - there;
        return new TransactionAnswer
        {
            Status = answer.Status,
            Result = answer.Result,
            Changes = answer.Changes,
            Reads = answer.Reads,
            Reason = answer.Reason,
            AbortKind = answer.AbortKind,
            Position = answer.Position,
            RetryAfterSeconds = answer.RetryAfterSeconds,
            RetryElsewhere = answer.RetryElsewhere,
            Routed = answer.Routed,
            Touched = wantsKeys ? answer.Touched : [],
            Timing = timing with { Route = timing.Route + (int)Math.Clamp(hop, 0, int.MaxValue - timing.Route) },
        };
    }
}
