using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Registry;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Roles;

/// <summary>Opens and seals logs for the server of this process. Their workers live in other processes and hear of a new log by this server's beats.</summary>
internal sealed class ClusterLogEpochs(string server, ILogBroker broker, ClusterRegistry registry, LogSealer sealer, FormerLogs former, StoredMarks stored) : ILogEpochs
{
    private long _epoch;

    /// <summary>The log opened last; empty before the first.</summary>
    public string Current { get; private set; } = "";

    public async ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken)
    {
        var log = await DeclareAsync(cancellationToken);

        // Bound before it is registered: whoever finds it in the registry can seal it (V11).
        await registry.RegisterLogAsync(log, cancellationToken);
        Current = log;
        return await broker.OpenPublisherAsync(log, cancellationToken);
    }

    /// <summary>A name that was tried is never tried again: a run may have died between declaring a log and registering it, and an answer may have been lost.</summary>
    private async ValueTask<string> DeclareAsync(CancellationToken cancellationToken)
    {
        var registered = await registry.NextEpochAsync(server, cancellationToken);
        for (var tries = 0; ; tries++)
        {
            _epoch = Math.Max(registered, _epoch + 1);
            var log = string.Create(CultureInfo.InvariantCulture, $"{server}.{_epoch}");
            former.Add(log);
            try
            {
                await broker.DeclareAsync(log, cancellationToken);
                return log;
            }
            catch (InvalidOperationException) when (tries < RoleLimits.LogNameTries)
            {
                former.Forget(log);
            }
        }
    }

    public ValueTask<long> SealAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: false, cancellationToken);

    /// <summary>Its publisher is closed and nobody else ever believed its confirms.</summary>
    public ValueTask<long> SealOwnAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: true, cancellationToken);

    public long StoredBatch(string log) => stored.Of(log);
}
