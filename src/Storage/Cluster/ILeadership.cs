namespace Mjolnir.Storage.Cluster;

/// <summary>
/// Picks one process for a task that one should do (keeping the view, compacting). A hint that saves work, never what correctness rests on: two leaders may exist for a
/// moment, and every step they take is create-if-absent. Implementations: in-process (tests, embedded stack), RabbitMQ's exclusive queues (classic stack).
/// </summary>
public interface ILeadership
{
    /// <summary>Becomes the leader of a task, or null if another process is, or nobody can be asked.</summary>
    ValueTask<ILeaderLease?> TryLeadAsync(string task, CancellationToken cancellationToken);
}

/// <summary>Being the leader, until it is disposed or lost.</summary>
public interface ILeaderLease : IAsyncDisposable
{
    /// <summary>Cancelled when another may have become leader.</summary>
    CancellationToken Lost { get; }
}
