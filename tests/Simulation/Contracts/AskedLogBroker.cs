using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Simulation.Tests.Contracts;

/// <summary>One simulated process's way to the simulated broker, for tests that run on any thread.</summary>
internal sealed class AskedLogBroker(SimulatedWorld world, SimulatedProcess process, ILogBroker broker) : ILogBroker
{
    public async ValueTask DeclareAsync(string log, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => broker.DeclareAsync(log, stop), cancellationToken);

    public async ValueTask<ILogPublisher> OpenPublisherAsync(string log, CancellationToken cancellationToken) =>
        new Publisher(world, process, await world.AskAsync(process, stop => broker.OpenPublisherAsync(log, stop), cancellationToken));

    public async ValueTask<ILogConsumer> OpenConsumerAsync(string log, CancellationToken cancellationToken) =>
        new Consumer(world, process, await world.AskAsync(process, stop => broker.OpenConsumerAsync(log, stop), cancellationToken));

    public async ValueTask UnbindAsync(string log, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => broker.UnbindAsync(log, stop), cancellationToken);

    public async ValueTask SendSealMarkerAsync(string log, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => broker.SendSealMarkerAsync(log, stop), cancellationToken);

    public async ValueTask DeleteAsync(string log, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => broker.DeleteAsync(log, stop), cancellationToken);

    public async ValueTask<IReadOnlyList<string>> ListAsync(IReadOnlyCollection<string> registered, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => broker.ListAsync(registered, stop), cancellationToken);

    private sealed class Publisher(SimulatedWorld world, SimulatedProcess process, ILogPublisher publisher) : ILogPublisher
    {
        public string Log => publisher.Log;

        public async ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            await world.AskAsync(process, stop => publisher.PublishAsync(message, stop), cancellationToken);

        public async ValueTask DisposeAsync() => await world.AskAsync(process, _ => publisher.DisposeAsync(), CancellationToken.None);
    }

    private sealed class Consumer(SimulatedWorld world, SimulatedProcess process, ILogConsumer consumer) : ILogConsumer
    {
        public long? Acknowledged => consumer.Acknowledged;

        public async ValueTask<IReadOnlyList<LogMessage>> ReadAsync(CancellationToken cancellationToken) =>
            await world.AskAsync(process, stop => consumer.ReadAsync(stop), cancellationToken);

        public async ValueTask AcknowledgeAsync(long delivery, CancellationToken cancellationToken) =>
            await world.AskAsync(process, stop => consumer.AcknowledgeAsync(delivery, stop), cancellationToken);

        public async ValueTask DisposeAsync() => await world.AskAsync(process, _ => consumer.DisposeAsync(), CancellationToken.None);
    }
}
