using Mjolnir.Core;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Manifests;

/// <summary>The one numbered chain of runs and cuts (W4, W5). Only its newest entry counts.</summary>
public sealed class RunChain(IObjectStore store)
{
    /// <summary>The newest entry; <see cref="RunChainEntry.Empty"/> before the first.</summary>
    public async ValueTask<RunChainEntry> HeadAsync(CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < StorageLimits.SnapshotTries; tries++)
        {
            var newest = 0L;
            await foreach (var listed in store.ListAsync(ObjectNames.RunChain, null, cancellationToken))
            {
                newest = ObjectNames.NumberOf(listed) ?? newest;
            }

            if (newest == 0)
            {
                return RunChainEntry.Empty;
            }

            var name = ObjectNames.RunChainEntry(newest);
            if (await store.GetAsync(name, cancellationToken) is { } content)
            {
                return Decoded(name, newest, content.Span);
            }
        }

        throw new CorruptDataException("The newest entry of the run chain is listed but cannot be read", ObjectNames.RunChain);
    }

    /// <summary>Creates the next entry. Taken: somebody was faster; read the head, list the manifests and compute again (W5).</summary>
    public ValueTask<CreateOutcome> CreateAsync(RunChainEntry entry, CancellationToken cancellationToken) =>
        store.CreateSettledAsync(ObjectNames.RunChainEntry(entry.Number), RunChainCodec.Encode(entry), cancellationToken);

    private static RunChainEntry Decoded(string name, long number, ReadOnlySpan<byte> content)
    {
        var entry = RunChainCodec.Decode(name, content);
        return entry.Number == number ? entry : throw new CorruptDataException($"The entry says that its number is {entry.Number}", name);
    }
}
