namespace Mjolnir.Storage.Objects;

/// <summary>Create-if-absent whose outcome is always known: what was created is recognised by its content.</summary>
public static class SettledCreation
{
    /// <summary>
    /// Creates an object whose content names its maker (a random id, a label), and settles an unknown outcome by reading.
    /// </summary>
    /// <returns><see cref="CreateOutcome.Created"/> if the object has this content, also from an earlier try; <see cref="CreateOutcome.Taken"/> if it has another's. Never unknown.</returns>
    /// <exception cref="StoreUnavailableException">no answer came, several times over: it may exist or come to exist</exception>
    public static async ValueTask<CreateOutcome> CreateSettledAsync(this IObjectStore store, string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < StorageLimits.CreateTries; tries++)
        {
            var outcome = await store.CreateAsync(name, content, cancellationToken);
            if (outcome == CreateOutcome.Created)
            {
                return outcome;
            }

            // A creation without an answer that is not there may still arrive: trying again with the same content is harmless either way.
            if (await store.GetAsync(name, cancellationToken) is { } found)
            {
                return found.Span.SequenceEqual(content.Span) ? CreateOutcome.Created : CreateOutcome.Taken;
            }
        }

        throw new StoreUnavailableException($"The outcome of creating {name} could not be learnt.");
    }
}
