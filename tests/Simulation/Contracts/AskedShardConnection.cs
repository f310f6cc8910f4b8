using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Simulation.Tests.Shards;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Simulation.Tests.Contracts;

/// <summary>A simulated connection to a shard, for tests that run on any thread.</summary>
internal sealed class AskedShardConnection(SimulatedWorld world, SimulatedProcess process, SimulatedShardConnection connection) : IShardConnection
{
    public string Shard => connection.Shard;

    public long Incarnation => connection.Incarnation;

    public bool IsConnected => connection.IsConnected;

    public async ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => connection.RunAsync(pass, stop), cancellationToken);

    public async ValueTask OpenAsync(string label, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => connection.OpenAsync(label, stop), cancellationToken);

    public async ValueTask DisposeAsync() => await world.AskAsync(process, _ => connection.DisposeAsync(), CancellationToken.None);
}
