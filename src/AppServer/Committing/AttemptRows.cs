using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Committing;

/// <summary>The rows as one run sees them: pending state over proved bases. Notes each row read; one instance serves all runs of a lane.</summary>
/// <param name="cells">what is known</param>
/// <param name="loader">loads what is not</param>
/// <param name="kept">columns of unique indexes that are kept though the application does not declare them; null if that is not known</param>
internal sealed class AttemptRows(CellTable cells, RowLoader loader, Func<string, string, IReadOnlySet<string>?> kept) : IRowSource
{
    private long _run;
    private Transaction? _transaction;

    /// <summary>Rows read by the present run, each once.</summary>
    public List<Cell> Read { get; } = [];

    /// <summary>Rows asked for that are not known; the first one ends a handler's run, a built-in step may ask on.</summary>
    public HashSet<RowKey> Missing { get; } = [];

    /// <summary>Questions to indexes whose answers are not known yet, asked by the present run.</summary>
    public HashSet<IndexQuestion> Asked { get; } = [];

    /// <summary>Questions of the present run that have answers.</summary>
    public HashSet<IndexQuestion> Told { get; } = [];

    /// <summary>A run of a transaction begins.</summary>
    public void Begin(Transaction transaction)
    {
        _run++;
        _transaction = transaction;
        Read.Clear();
        Missing.Clear();
        Asked.Clear();
        Told.Clear();
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

    public bool TryAsk(IndexQuestion question, out IndexAnswer? answer)
    {
        var isKnown = _transaction!.Answers.TryGetValue(question, out answer);
        (isKnown ? Told : Asked).Add(question);
        return isKnown;
    }

    public IReadOnlySet<string>? KeptColumns(string app, string table) => kept(app, table);

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
