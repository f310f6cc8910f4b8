using Mjolnir.Core.Documents;

namespace Mjolnir.AppServer.Committing;

/// <summary>Transactions that have run over pending state and will be committed together. Nothing of it is outside this server until it closes.</summary>
internal sealed class OpenBatch
{
    public List<Transaction> Transactions { get; } = [];

    /// <summary>Rows read or written, each once, in the order first met.</summary>
    public List<Touch> Touches { get; } = [];

    /// <summary>It is published even without records: somebody waits for a fresh lease (V10).</summary>
    public bool RenewsLease { get; set; }

    /// <summary>Install in key order, rows only read too (W10).</summary>
    public bool Ordered { get; set; }

    /// <summary>Bytes of the rows' values as they are now: of a row written many times the last counts.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => Transactions.Count == 0 && !RenewsLease;

    /// <summary>Takes in a transaction that has just run: later ones see its writes.</summary>
    public void Join(Transaction transaction, IReadOnlyList<Cell> read, CellTable cells)
    {
        foreach (var cell in read)
        {
            transaction.ReadTouches.Add(TouchOf(cell));
        }

        foreach (var write in transaction.Writes)
        {
            var touch = TouchOf(cells.GetOrAdd(write.Key));
            Bytes += SizeOf(write.Value) - (touch.Written ? SizeOf(touch.Value) : 0);
            touch.Written = true;
            touch.Value = write.Value;
            transaction.WriteTouches.Add((touch, write.Value));
        }

        transaction.InDoubt = true;
        Transactions.Add(transaction);
    }

    /// <summary>Takes everything back: its transactions will run again. They have had no effect.</summary>
    public void Dissolve()
    {
        foreach (var touch in Touches)
        {
            touch.Cell.Open = null;
        }

        Touches.Clear();
    }

    private static long SizeOf(Document? value) => value?.Utf8.Length ?? 0;

    private Touch TouchOf(Cell cell)
    {
        if (cell.Open is not { } touch)
        {
            touch = cell.Open = new Touch(cell);
            Touches.Add(touch);
        }

        return touch;
    }
}
