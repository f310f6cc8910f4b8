using System.Runtime.CompilerServices;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Simulation.Tests.Contracts;

/// <summary>One simulated process's way to the simulated store, for tests that run on any thread.</summary>
internal sealed class AskedObjectStore(SimulatedWorld world, SimulatedProcess process, IObjectStore store) : IObjectStore
{
    public int ReadsAtOnce => store.ReadsAtOnce;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => store.CreateAsync(name, content, stop), cancellationToken);

    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => store.GetAsync(name, stop), cancellationToken);

    public async ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => store.GetRangeAsync(name, offset, length, stop), cancellationToken);

    public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var names = await world.AskAsync(process, stop => NamesAsync(prefix, startAfter, stop), cancellationToken);
        foreach (var name in names)
        {
            yield return name;
        }
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken) =>
        await world.AskAsync(process, stop => store.DeleteAsync(name, stop), cancellationToken);

    private async ValueTask<IReadOnlyList<string>> NamesAsync(string prefix, string? startAfter, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var name in store.ListAsync(prefix, startAfter, cancellationToken))
        {
            names.Add(name);
        }

        return names;
    }
}
