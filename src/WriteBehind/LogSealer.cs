using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind;

/// <summary>
/// Seals a log whose server died or is too slow to tell (protocol.md, sealing a log): unbind, wait, seal marker; the log's worker stores what is before the
/// marker and writes the watermark. Anybody may seal any log, several at once too.
/// </summary>
public sealed class LogSealer(ILogBroker broker, IObjectStore store, TimeProvider time, WriteBehindLimits limits)
{
    private readonly LogManifest _manifest = new(store);

    /// <summary>Seals a log and returns its watermark, once its worker has written it.</summary>
    /// <param name="log">the log</param>
    /// <param name="isKnownDead">true if the server's process is known to be gone, so that no confirm can be under way</param>
    /// <param name="cancellationToken">ends the wait; the sealing goes on</param>
    /// <exception cref="TimeoutException">no worker wrote the seal within the limit</exception>
    public async ValueTask<long> SealAsync(string log, bool isKnownDead, CancellationToken cancellationToken)
    {
        if (await _manifest.SealedWatermarkAsync(log, cancellationToken) is { } known)
        {
            return known;
        }

        try
        {
            await CloseAsync(log, isKnownDead, cancellationToken);
        }
        catch (UnknownLogException)
        {
            // Another sealer was faster, and its worker has deleted the drained log already; or its queue is lost, and the keeper's cut will end it. The store tells either way.
        }

        return await WatermarkAsync(log, cancellationToken);
    }

    /// <summary>Closes the log: nothing that is published from now on counts. Its worker does the rest.</summary>
    public async ValueTask CloseAsync(string log, bool isKnownDead, CancellationToken cancellationToken)
    {
        // 1. Later publishes come back unroutable.
        await broker.UnbindAsync(log, cancellationToken);

        // 2. One routed before may still enter behind the marker, and its confirm would be believed: only if it comes within this time (V9, V10).
        if (!isKnownDead)
        {
            await Task.Delay(limits.SealWait, time, cancellationToken);
        }

        // 3. All before the marker counts, nothing after it.
        await broker.SendSealMarkerAsync(log, cancellationToken);
    }

    private async ValueTask<long> WatermarkAsync(string log, CancellationToken cancellationToken)
    {
        // Another process writes the seal, and the store tells nobody: looking is all there is.
        for (var start = time.GetTimestamp(); time.GetElapsedTime(start) < limits.SealPatience;)
        {
            if (await _manifest.SealedWatermarkAsync(log, cancellationToken) is { } watermark)
            {
                return watermark;
            }

            await Task.Delay(limits.SealPoll, time, cancellationToken);
        }

        throw new TimeoutException($"No worker has sealed log {log} within {limits.SealPatience}.");
    }
}
