using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Views;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.Cli.Embedded;

/// <summary>
/// Finds the V-stack beside a row. Slots depend on the primary key alone, so predicting one of the keys that a handler will touch is enough.
/// A wrong prediction costs messages between shards, never correctness.
/// </summary>
internal sealed class StackRouter : ITransactionRouter
{
    private readonly TransactionServer[] _stacks;
    private readonly KeyPredictor _predictor;
    private readonly byte[] _ownerOfSlot = new byte[Slots.Count];
    private uint _turn;

    public StackRouter(ClusterView view, TransactionServer[] stacks, KeyPredictor predictor)
    {
        _predictor = predictor;
        _stacks = stacks;
        foreach (var range in view.Slots)
        {
            _ownerOfSlot.AsSpan(range.First, range.Last - range.First + 1).Fill((byte)range.Shard);
        }
    }

    public ITransactions Any => _stacks[Interlocked.Increment(ref _turn) % (uint)_stacks.Length];

    public ITransactions Route(TransactionCall call) =>
        _stacks.Length > 1 && PredictedSlot(call.Run) is var slot && slot != KeyPredictor.Unknown ? _stacks[_ownerOfSlot[slot]] : Any;

    ITransactions ITransactionRouter.Beside(RowKey key) => Beside(key);

    public TransactionServer Beside(RowKey key) => _stacks[_ownerOfSlot[Slots.Of(key)]];

    private int PredictedSlot(HandlerCall run) => _predictor.PredictSlot(run.Handler.Name, new CallParts(run.User, run.Args, run.Inputs));
}
