using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;

namespace Mjolnir.AppServer.Routing;

/// <summary>
/// Decides where a call that reached this server runs: here, or beside its row. Passing a call costs two messages, running it here costs a conflict if somebody else changes the same row at
/// that moment; so what is passed is what is hot, and all else runs where it arrived. A server that cannot run calls itself passes them to any that can.
/// </summary>
public sealed class ClusterRouter : ITransactionRouter
{
    private readonly TransactionServer _local;
    private readonly ClusterMap _map;
    private readonly PeerLinks _links;
    private readonly KeyPredictor _predictor;
    private readonly Func<bool> _isReady;
    private readonly SlotHeat _heat;

    /// <summary>Makes the router, and has this server give transactions that conflict to the owners of their rows.</summary>
    /// <param name="local">this server's transactions</param>
    /// <param name="map">who owns which slots</param>
    /// <param name="links">the ways to the others</param>
    /// <param name="predictor">tells the slots that a call needs; the one that <paramref name="local"/> teaches</param>
    /// <param name="isReady">whether this server can run calls just now</param>
    /// <param name="hotTouches">calls of a slot within a window that make it hot: at 0 all calls are passed to the owners of their rows, at <see cref="int.MaxValue"/> none</param>
    public ClusterRouter(TransactionServer local, ClusterMap map, PeerLinks links, KeyPredictor predictor, Func<bool> isReady, int hotTouches = ClusterRoutingLimits.HotTouches)
    {
        (_local, _map, _links, _predictor, _isReady) = (local, map, links, predictor, isReady);
        _heat = new SlotHeat(hotTouches);
        local.HandOverTo(OwnerOf);
    }

    /// <inheritdoc/>
    public ITransactions Any => _local;

    /// <inheritdoc/>
    public ITransactions Route(TransactionCall call)
    {
        if (!_isReady())
        {
            return (ITransactions?)_links.ToAny() ?? _local;
        }

        if (call.IsPlaced)
        {
            return _local;
        }

        var picture = _map.Picture;
        if (picture.Servers.Count <= 1 || HottestSlot(call) is var slot && slot == KeyPredictor.Unknown)
        {
            return _local;
        }

        var isHot = _heat.Touch(slot);
        var owner = picture.OwnerOf(slot);
        return isHot && owner != _local.Name && _links.To(owner) is { } peer ? peer : _local;
    }

    /// <inheritdoc/>
    /// <remarks>Rows are read and written here: any server may, and what is asked this way (accounts, seeds) is not hot.</remarks>
    public ITransactions Beside(RowKey key) => _local;

    /// <summary>The server beside a row if it can be reached, else this one.</summary>
    private ITransactions OwnerOf(RowKey key)
    {
        var owner = _map.Picture.OwnerOf(Slots.Of(key));
        return owner != _local.Name && _links.To(owner) is { } peer ? peer : _local;
    }

    private int HottestSlot(TransactionCall call)
    {
        var run = call.Run;
        return _predictor.PredictSlot(run.Handler.Name, new CallParts(run.User, run.Args, run.Inputs));
    }
}
