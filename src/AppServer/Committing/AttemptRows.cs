using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Committing;

/// <summary>The rows as one run sees them: pending state over proved bases. Notes each row read; one instance serves all runs of a lane.</summary>
internal sealed class AttemptRows(CellTable cells, RowLoader loader) : IRowSource
{
    private long _run;

    /// <summary>Rows read by the present run, each once.</summary>
    public List<Cell> Read { get; } = [];

    /// <summary>Rows asked for that are not known; the first one ends a handler's run, a built-in step may ask on.</summary>
    public HashSet<RowKey> Missing { get; } = [];

    public void Begin()
    {
        _run++;
        Read.Clear();
        Missing.Clear();
    }

    public bool TryRead(RowKey key, out Document? row)
    {
        var cell = cells.Ready(key) ?? ReadNow(key);
        if (cell is null)
        {
            Missing.Add(key);
            row = null;
            return false;
        }

        if (cell.SeenByRun != _run)
        {
            cell.SeenByRun = _run;
            Read.Add(cell);
        }

        row = cell.Value;
        return true;
    }

    /// <summary>True if a run would find the row.</summary>
    public bool Knows(RowKey key) => (cells.Ready(key) ?? ReadNow(key)) is not null;

    /// <summary>A row that nobody is loading, from a shard in this process: no need to end the run for it.</summary>
    private Cell? ReadNow(RowKey key)
    {
        var cell = cells.GetOrAdd(key);
        if (cell.InUse || loader.TryLoadNow(cell) is not { } known)
        {
            return null;
        }

        cell.Base = known;
        return cell;
    }
}
