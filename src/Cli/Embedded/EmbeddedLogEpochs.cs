using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Registry;
using Mjolnir.WriteBehind;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Cli.Embedded;

/// <summary>Opens and seals logs for one server of this process.</summary>
internal sealed class EmbeddedLogEpochs(string server, ILogBroker broker, ClusterRegistry registry, LogWorkers workers, LogSealer sealer) : ILogEpochs
{
    /// <summary>The log opened last; empty before the first.</summary>
    public string Current { get; private set; } = "";

    public async ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken)
    {
        var epoch = await registry.NextEpochAsync(server, cancellationToken);
        var log = string.Create(CultureInfo.InvariantCulture, $"{server}.{epoch}");
        // Bound before it is registered: whoever finds it in the registry can seal it (V11).
        await broker.DeclareAsync(log, cancellationToken);
        await registry.RegisterLogAsync(log, cancellationToken);
        workers.Start(log);
        Current = log;
        return await broker.OpenPublisherAsync(log, cancellationToken);
    }

    /// <summary>Its server lives, in this process, and may have a confirm under way: the sealer waits for it.</summary>
    public ValueTask<long> SealAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: false, cancellationToken);

    /// <summary>Its publisher is closed, and nobody else ever believed its confirms.</summary>
    public ValueTask<long> SealOwnAsync(string log, CancellationToken cancellationToken) => sealer.SealAsync(log, isKnownDead: true, cancellationToken);

    public long StoredBatch(string log) => workers.StoredBatch(log);
}
