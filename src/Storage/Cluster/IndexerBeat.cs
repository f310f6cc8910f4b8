using Mjolnir.Core.Envelopes;

namespace Mjolnir.Storage.Cluster;

/// <summary>What an indexer says of itself: every <see cref="ClusterLimits.Beat"/>.</summary>
/// <param name="Indexer">the V-stack's name (<c>s1</c>)</param>
/// <param name="Run">random id of the process's run</param>
/// <param name="Url">where it answers questions (<c>http://10.0.0.5:9301</c>)</param>
/// <param name="App">the application</param>
/// <param name="Tables">the tables whose indexes it keeps</param>
/// <param name="Applied">per log the batch up to which all its tables hold everything, of logs that moved lately</param>
public sealed record IndexerBeat(string Indexer, string Run, string Url, string App, IReadOnlyList<IndexedTable> Tables, IReadOnlyList<Stamp> Applied) : ClusterNotice;

/// <summary>How far an indexer is with one table.</summary>
/// <param name="Table">the table</param>
/// <param name="Declared">hash of what is declared for it: questions of other declarations are others' to answer</param>
/// <param name="State">"building", "following" the logs, "catchingup" from the store after batches were missed, or "waiting" after a fault</param>
/// <param name="Percent">of the rows read, while they are built</param>
/// <param name="Rows">rows in them, removed ones that are remembered too</param>
/// <param name="Lag">milliseconds from the closing of a batch to its being seen by readers: of the last step, or of what waits for the next</param>
/// <param name="IsThere">it answers questions: from what is built, or from what was before it had to start over</param>
/// <param name="Progress">for who waits for the indexes</param>
public sealed record IndexedTable(string Table, ulong Declared, string State, int Percent, long Rows, long Lag, bool IsThere, string Progress);

/// <summary>Indexes have other entries than before: told once for each step that changed some.</summary>
/// <param name="Indexer">who tells</param>
/// <param name="App">the application</param>
/// <param name="Tables">their tables</param>
public sealed record IndexStep(string Indexer, string App, IReadOnlyList<string> Tables) : ClusterNotice;
