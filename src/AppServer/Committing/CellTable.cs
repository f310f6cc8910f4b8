using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Committing;

/// <summary>The rows a server remembers, bounded: rows that no batch uses are forgotten in the order of disuse (second chance).</summary>
internal sealed class CellTable(ShardSet shards, int limit)
{
    private readonly Dictionary<RowKey, Cell> _cells = [];
    private int _sweepAt;

    public int Count => _cells.Count;

    /// <summary>The cell if its row can be read now, else null.</summary>
    public Cell? Ready(RowKey key)
    {
        if (!_cells.TryGetValue(key, out var cell))
        {
            return null;
        }

        cell.Recent = true;
        return cell.IsReady ? cell : null;
    }

    public Cell GetOrAdd(RowKey key)
    {
        if (!_cells.TryGetValue(key, out var cell))
        {
            if (_cells.Count >= Math.Max(limit, _sweepAt))
            {
                Sweep();

                // Rows in use stay: the next sweep comes when a quarter more is there, not with each row.
                _sweepAt = _cells.Count + (_cells.Count / 4);
            }

            cell = NewCell(key);
            _cells.Add(key, cell);
        }

        cell.Recent = true;
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

    private void Sweep()
    {
        foreach (var (key, cell) in _cells)
        {
            if (!cell.InUse && !cell.Recent)
            {
                _cells.Remove(key);
            }

            cell.Recent = false;
        }
    }
}
