using System.Collections.Concurrent;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Roles;

/// <summary>How far each log is in the store, as the workers tell.</summary>
internal sealed class StoredMarks
{
    private readonly ConcurrentDictionary<string, WorkerBeat> _workers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WorkedLog> _logs = new(StringComparer.Ordinal);

    /// <summary>The highest batch of a log that is in the store; 0 if nobody has told.</summary>
    public long Of(string log) => _logs.TryGetValue(log, out var known) ? known.Stored : 0;

    /// <summary>Batches of a log that its worker has consumed and not stored.</summary>
    public long Backlog(string log) => _logs.TryGetValue(log, out var known) ? known.Backlog : 0;

    /// <summary>The write-behind processes heard of.</summary>
    public IReadOnlyList<WorkerBeat> Workers => [.. _workers.Values.OrderBy(beat => beat.Worker, StringComparer.Ordinal)];

    public void Hear(WorkerBeat beat)
    {
        _workers[beat.Worker] = beat;
        foreach (var log in beat.Logs)
        {
            // Two workers may believe for a moment that they are the active one: what is stored never becomes less.
            _logs.AddOrUpdate(log.Log, log, (_, known) => log.Stored >= known.Stored ? log : known);
        }
    }
}
