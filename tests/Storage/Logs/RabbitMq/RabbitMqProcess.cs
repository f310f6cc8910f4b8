using System.Text;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Logs.RabbitMq;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

/// <summary>What one process of a cluster has of RabbitMQ, with connections of its own.</summary>
internal sealed class RabbitMqProcess : IAsyncDisposable
{
    /// <param name="url">the broker, credentials included</param>
    /// <param name="cluster">the name of the cluster, one per test</param>
    /// <param name="isSettling">new logs are left alone as they are in production: where a broker is killed</param>
    public RabbitMqProcess(string url, string cluster, bool isSettling = false)
    {
        Connections = new(RabbitMqAddress.Parse(url), "tests", TimeProvider.System);
        Broker = isSettling ? new(Connections, cluster) : new(Connections, cluster) { SettlingTime = TimeSpan.Zero };
    }

    public RabbitMqConnections Connections { get; }

    public RabbitMqLogBroker Broker { get; }

    /// <summary>Cuts all connections, as the death of the process would.</summary>
    public async Task CutAsync()
    {
        foreach (var connection in new[] { Connections.Sending, Connections.Receiving, Connections.Bus })
        {
            (await connection.OpenAsync(CancellationToken.None)).Abandon("cut by the test");
        }
    }

    public async ValueTask<ILogPublisher> DeclareAsync(string log, CancellationToken cancellationToken)
    {
        await Broker.DeclareAsync(log, cancellationToken);
        return await Broker.OpenPublisherAsync(log, cancellationToken);
    }

    public static ValueTask<PublishOutcome> PublishAsync(ILogPublisher publisher, string text, CancellationToken cancellationToken) =>
        publisher.PublishAsync(Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <summary>Reads until a message of this text has come; gives the texts, in the order of delivery.</summary>
    public static async Task<List<string>> ReadThroughAsync(ILogConsumer consumer, string last, CancellationToken cancellationToken)
    {
        var texts = new List<string>();
        while (!texts.Contains(last))
        {
            texts.AddRange((await consumer.ReadAsync(cancellationToken)).Select(Text));
        }

        return texts;
    }

    public static string Text(LogMessage message) => message.IsSealMarker ? "SEAL" : Encoding.UTF8.GetString(message.Body.Span);

    /// <summary>Seals the log as a sealer does, which tries again while the broker does not answer.</summary>
    public async Task SealAsync(string log, CancellationToken cancellationToken)
    {
        await PersistAsync(() => Broker.UnbindAsync(log, cancellationToken), cancellationToken);
        await PersistAsync(() => Broker.SendSealMarkerAsync(log, cancellationToken), cancellationToken);
    }

    public static async Task PersistAsync(Func<ValueTask> operation, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await operation();
                return;
            }
            catch (LogUnavailableException)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }

    public ValueTask DisposeAsync() => Connections.DisposeAsync();
}
