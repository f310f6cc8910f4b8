using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Views;

namespace Mjolnir.Cli.Embedded;

/// <summary>
/// Finds the V-stack beside a row. Slots depend on the primary key alone, so predicting one of the keys that a handler will touch is enough.
/// A wrong prediction costs messages between shards, never correctness.
/// </summary>
internal sealed class StackRouter : ITransactionRouter
{
    // Slots do not depend on the table.
    private const string AnyTable = "t";

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
        _stacks.Length > 1 && PredictedKey(call) is { } key ? Beside(key) : Any;

    ITransactions ITransactionRouter.Beside(RowKey key) => Beside(key);

    public TransactionServer Beside(RowKey key) => _stacks[_ownerOfSlot[Slots.Of(key)]];

    private RowKey? PredictedKey(TransactionCall call)
    {
        var run = call.Run;
        var primaryKey = _predictor.Predict(run.Handler.Name, new CallParts(run.User, run.Args, run.Inputs));
        return primaryKey is not null && RowKey.TryCreate(run.Application.Name, AnyTable, primaryKey, out var key) ? key : null;
    }
}
