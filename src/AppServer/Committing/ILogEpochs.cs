using Mjolnir.Storage.Logs;

namespace Mjolnir.AppServer.Committing;

/// <summary>Opens and seals logs: what a server does at its start, after it lost its log, and to a log whose owner does not answer.</summary>
public interface ILogEpochs
{
    /// <summary>
    /// Makes the next log of this server: never a name used before; declared and bound once, then registered (V11). Its worker is running when it returns.
    /// </summary>
    ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Seals a log, or waits for the seal that another began, and returns its watermark. Safe to call again.</summary>
    ValueTask<long> SealAsync(string log, CancellationToken cancellationToken);

    /// <summary>The highest batch of a log whose records are in the store.</summary>
    long StoredBatch(string log);
}
