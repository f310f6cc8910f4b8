using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Committing;

/// <summary>The rows a server remembers, bounded: rows that no batch uses are forgotten in the order of disuse (second chance). How many are remembered follows from how often rows come back (<see cref="RowRecurrence"/>).</summary>
/// <param name="shards">where rows live</param>
/// <param name="most">rows remembered at most, but for those in use</param>
/// <param name="few">the same where rows seldom come back; not below <paramref name="most"/>: that many always</param>
internal sealed class CellTable(ShardSet shards, int most, int few = int.MaxValue)
{
    private readonly Dictionary<RowKey, Cell> _cells = [];
    private readonly RowRecurrence _recurrence = new(few, most);
    private long _added;
    private long _sweptAt;
    private int _sweepAt;

    public int Count => _cells.Count;

    /// <summary>The cell if its row can be read now, else null.</summary>
    public Cell? Ready(RowKey key)
    {
        if (!_cells.TryGetValue(key, out var cell))
        {
            return null;
        }

        Touch(cell);
        return cell.IsReady ? cell : null;
    }

    public Cell GetOrAdd(RowKey key)
    {
        if (!_cells.TryGetValue(key, out var cell))
        {
            if (_cells.Count >= Math.Max(_recurrence.Limit, _sweepAt))
            {
                Sweep();

                // Rows in use stay: the next sweep comes when a quarter more is there, not with each row.
                _sweepAt = _cells.Count + (_cells.Count / 4);
            }

            cell = NewCell(key);
            cell.TouchedAt = ++_added;
            _recurrence.Added(key, _added);
            _cells.Add(key, cell);
        }

        Touch(cell);
        return cell;
    }

    public Cell? Find(RowKey key) => _cells.GetValueOrDefault(key);

    /// <summary>A cell that is not remembered.</summary>
    public Cell NewCell(RowKey key) => new(key, shards.HomeOf(key));

    /// <summary>Another epoch starts from the shards: no base is known any more. Rows being loaded, or waiting for their home to open, stay.</summary>
    public void ForgetBases()
    {
        foreach (var (key, cell) in _cells)
        {
            cell.Base = null;
            if (!cell.InUse)
            {
                _cells.Remove(key);
            }
        }
    }

    /// <summary>After a move to another view: forgets the rows that live elsewhere now, and gives those of them for which somebody waits.</summary>
    public List<Cell> ForgetMoved()
    {
        var awaited = new List<Cell>();
        foreach (var (key, cell) in _cells)
        {
            if (cell.Home == shards.HomeOf(key))
            {
                continue;
            }

            _cells.Remove(key);
            if (cell.Waiting is not null)
            {
                awaited.Add(cell);
            }
        }

        return awaited;
    }

    private void Touch(Cell cell)
    {
        _recurrence.Touched(_added - cell.TouchedAt);
        cell.TouchedAt = _added;
    }

    /// <summary>Forgets what was not touched since the sweep before.</summary>
    private void Sweep()
    {
        foreach (var (key, cell) in _cells)
        {
            if (!cell.InUse && cell.TouchedAt < _sweptAt)
            {
                _cells.Remove(key);
            }
        }

        _sweptAt = _added + 1;
    }
}
