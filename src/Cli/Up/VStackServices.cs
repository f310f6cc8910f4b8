using Mjolnir.Services.Supervision;

namespace Mjolnir.Cli.Up;

/// <summary>The processes of one V-stack; without an indexer where the application declares no indexes.</summary>
internal sealed record VStackServices(string Name, string Url, string WorkerUrl, SupervisedService Memcached, SupervisedService Worker, SupervisedService Server, SupervisedService? Indexer)
{
    public IReadOnlyList<SupervisedService> All => Indexer is null ? [Memcached, Worker, Server] : [Memcached, Worker, Indexer, Server];

    /// <summary>
    /// The worker before the server: it makes the view that the server waits for.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Memcached.StartAsync(cancellationToken);
        await Task.WhenAll(Worker.StartAsync(cancellationToken), Server.StartAsync(cancellationToken), Indexer?.StartAsync(cancellationToken) ?? Task.CompletedTask);
    }
}
