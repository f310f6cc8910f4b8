namespace Mjolnir.Indexer.Running;

/// <summary>How far the indexes of a table are.</summary>
/// <param name="Table">the table</param>
/// <param name="State">what the writer does</param>
/// <param name="Percent">of the rows read, while it builds</param>
/// <param name="Rows">rows in the trees, removed ones that are remembered too</param>
/// <param name="Pages">pages that readers see</param>
/// <param name="Bytes">bytes of these pages</param>
/// <param name="Steps">steps since they were built</param>
/// <param name="Built">times they were built: more than once when the writer had to start over</param>
/// <param name="Fault">why it had to start over last; null if it never had to</param>
public sealed record TableProgress(string Table, TableState State, int Percent, long Rows, int Pages, long Bytes, long Steps, int Built, string? Fault)
{
    /// <summary>How old the oldest batch of the last step was when readers saw it, or is that waits for the next step: by the clocks of its server and of this process.</summary>
    public TimeSpan Lag { get; init; }

    /// <summary>For who waits for the indexes.</summary>
    public string Text => Fault is null ? $"{Percent} %" : $"{Percent} % (again, as {Fault})";
}

/// <summary>What the writer of a table's indexes does.</summary>
public enum TableState
{
    /// <summary>It reads all rows from the store.</summary>
    Building,

    /// <summary>It follows the logs.</summary>
    Following,

    /// <summary>Batches were missed: they are read from the store.</summary>
    CatchingUp,

    /// <summary>It failed, and waits before it starts over.</summary>
    Waiting,
}
