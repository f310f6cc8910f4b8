using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>A shard bears another label than the view says, or none: it lost its memory, and nothing in it can be trusted until a new view is open.</summary>
internal sealed class ShardChangedException(string shard) : Exception($"Shard {shard} lost its memory; its rows wait for a new view.");

/// <summary>The shards of a view, seen from one server: one connection each.</summary>
internal sealed class ShardSet
{
    private readonly ClusterView _view;
    private readonly IReadOnlyList<IShardConnection> _connections;
    private readonly long[] _labelChecked;
    private readonly SlotRange[] _slots;

    public ShardSet(ClusterView view, IReadOnlyList<IShardConnection> connections)
    {
        _view = view;
        _connections = connections;
        _labelChecked = Enumerable.Repeat(-1L, connections.Count).ToArray();
        _slots = new SlotRange[Slots.Count];
        foreach (var range in view.Slots)
        {
            Array.Fill(_slots, range, range.First, range.Last - range.First + 1);
        }
    }

    /// <summary>Shards that lost their memory: told once each, so that somebody makes a new view.</summary>
    public event Action<string>? Changed;

    public long Incarnation(int shard) => _connections[shard].Incarnation;

    public string LabelOf(int shard) => _view.Shards[shard].Label;

    /// <summary>Index of the shard that holds the row.</summary>
    public int ShardOf(RowKey key) => _slots[Slots.Of(key)].Shard;

    public Cell NewCell(RowKey key)
    {
        var range = _slots[Slots.Of(key)];
        return new Cell(key, range.Shard, range.Since);
    }

    /// <summary>Reads a row at once, where its shard is in this process and known to be the view's; false: it takes a round trip.</summary>
    public bool TryGetNow(Cell cell, ShardOperation get)
    {
        var connection = _connections[cell.Shard];
        if (!connection.AnswersAtOnce || _labelChecked[cell.Shard] != connection.Incarnation)
        {
            return false;
        }

        var pass = connection.RunAsync([get], CancellationToken.None);
        return pass.IsCompletedSuccessfully && get.Status == ShardStatus.Hit && _labelChecked[cell.Shard] == connection.Incarnation;
    }

    /// <summary>Runs one operation on the shard of a row.</summary>
    public ValueTask RunAsync(int shard, ShardOperation operation, CancellationToken cancellationToken) =>
        _connections[shard].RunAsync([operation], cancellationToken);

    /// <summary>Runs operations on all shards at once, one pipelined pass each.</summary>
    public async ValueTask RunAsync(IReadOnlyList<(int Shard, ShardOperation Operation)> operations, CancellationToken cancellationToken)
    {
        var passes = new List<ShardOperation>?[_connections.Count];
        foreach (var (shard, operation) in operations)
        {
            (passes[shard] ??= new List<ShardOperation>(operations.Count)).Add(operation);
        }

        var running = new ValueTask[passes.Length];
        for (var shard = 0; shard < passes.Length; shard++)
        {
            running[shard] = passes[shard] is { } pass ? _connections[shard].RunAsync(pass, cancellationToken) : default;
        }

        foreach (var pass in running)
        {
            await pass;
        }
    }

    /// <summary>After a reconnect, before anything of that shard is used: is it still the shard that the view describes? (V5)</summary>
    /// <exception cref="ShardChangedException">it is not</exception>
    public async ValueTask EnsureLabelAsync(int shard, CancellationToken cancellationToken)
    {
        while (_labelChecked[shard] != _connections[shard].Incarnation)
        {
            var incarnation = _connections[shard].Incarnation;
            await CheckLabelAsync(shard, cancellationToken);
            _labelChecked[shard] = incarnation;
        }
    }

    /// <summary>Asks for the label now. False: the connection ended, ask again.</summary>
    /// <exception cref="ShardChangedException">the label is not the view's</exception>
    public async ValueTask<bool> CheckLabelAsync(int shard, CancellationToken cancellationToken)
    {
        var label = new ShardOperation { Verb = ShardVerb.Get, CacheKey = IShardConnection.LabelKey };
        await _connections[shard].RunAsync([label], cancellationToken);
        if (label.Status == ShardStatus.Unknown)
        {
            return false;
        }

        var description = _view.Shards[shard];
        if (label.Status != ShardStatus.Hit || !LabelIs(label.Value.Span, description.Label))
        {
            Changed?.Invoke(description.Name);
            throw new ShardChangedException(description.Name);
        }

        return true;
    }

    private static bool LabelIs(ReadOnlySpan<byte> found, string label) =>
        System.Text.Encoding.UTF8.GetString(found) == label;
}
