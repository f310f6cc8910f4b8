namespace Mjolnir.Services.Supervision;

/// <summary>A service that is up: one process, or several that are one service. Implementations: programs of ours, memcached, RabbitMQ, Ceph.</summary>
public interface IRunningService : IAsyncDisposable
{
    /// <summary>Its processes.</summary>
    IReadOnlyList<int> ProcessIds { get; }

    /// <summary>Ends when it is no longer up, however it ended. Never fails.</summary>
    Task Exited { get; }

    /// <summary>Once it has ended: its exit code; null if it is several processes.</summary>
    int? ExitCode { get; }

    /// <summary>Ends it in order, and at once when that takes too long.</summary>
    Task StopAsync();
}

/// <summary>Starts a service and returns when it is ready; leaves nothing behind when it does not come up.</summary>
/// <param name="output">called with each line that it writes</param>
/// <param name="cancellationToken">ends the start</param>
/// <exception cref="ServiceFailedException">it did not come up; the message says why and what to do</exception>
public delegate Task<IRunningService> StartService(Action<string> output, CancellationToken cancellationToken);
