using Mjolnir.Storage.Logs;

namespace Mjolnir.AppServer.Committing;

/// <summary>Opens and seals logs: what a server does at its start, after it lost its log, and to a log whose owner does not answer.</summary>
public interface ILogEpochs
{
    /// <summary>
    /// Makes the next log of this server: never a name used before, not even one whose making failed half-way; declared and bound once, then registered (V11).
    /// Its worker runs when it returns, or comes by itself.
    /// </summary>
    /// <exception cref="LogUnavailableException">the broker does not answer: it is called again</exception>
    /// <exception cref="Mjolnir.Storage.Objects.StoreUnavailableException">the registry does not answer: it is called again</exception>
    ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Seals a log, or waits for the seal that another began, and returns its watermark. Safe to call again.</summary>
    /// <exception cref="LogUnavailableException">the broker does not answer: it is called again</exception>
    /// <exception cref="Mjolnir.Storage.Objects.StoreUnavailableException">the store does not answer: it is called again</exception>
    /// <exception cref="TimeoutException">no worker wrote the seal in time: it is called again</exception>
    ValueTask<long> SealAsync(string log, CancellationToken cancellationToken);

    /// <summary>
    /// The same for a log of this server's own, whose publisher it has closed: nobody believes a confirm of it any more, and nothing is answered under its lease, so the wait between
    /// unbinding and seal marker is left out (protocol: sealing a log).
    /// </summary>
    ValueTask<long> SealOwnAsync(string log, CancellationToken cancellationToken);

    /// <summary>The highest batch of a log whose records are in the store.</summary>
    long StoredBatch(string log);
}
