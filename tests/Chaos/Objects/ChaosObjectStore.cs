using System.Runtime.CompilerServices;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Chaos.Objects;

/// <summary>What is asked of the store.</summary>
public enum StoreVerb
{
    Create,
    Get,
    GetRange,
    List,
    Delete,
}

/// <summary>One call.</summary>
/// <param name="Verb">what is asked</param>
/// <param name="Name">the object's name; the prefix of a list</param>
public sealed record StoreOperation(StoreVerb Verb, string Name);

/// <summary>
/// A store whose calls can be held and whose answers can be lost. A create without an answer is <see cref="CreateOutcome.Unknown"/>; every other call then throws
/// <see cref="StoreUnavailableException"/>. A store that is down: <c>HoldEach(_ => true).ReleaseByThrowing(new StoreUnavailableException("down"))</c> until disposed.
/// </summary>
/// <param name="inner">the real store</param>
/// <param name="dice">chance, for creates; null: only what the test's gates say</param>
public sealed class ChaosObjectStore(IObjectStore inner, ChaosDice? dice = null) : ChaosSeam<StoreOperation, CreateOutcome>, IObjectStore
{
    /// <inheritdoc/>
    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // A copy: the sender may reuse its buffer while the object is still under way.
        var kept = content.ToArray();
        var create = () => inner.CreateAsync(name, kept, CancellationToken.None).AsTask();
        if (dice is not null)
        {
            await dice.ArriveLateAsync();
            if (dice.Roll() is { } effect)
            {
                await dice.ApplyAsync(effect, create);
                return CreateOutcome.Unknown;
            }
        }

        return await WalkAsync(new(StoreVerb.Create, name), create, () => CreateOutcome.Unknown, outcome => outcome, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken) =>
        AskAsync(new(StoreVerb.Get, name), () => inner.GetAsync(name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken) =>
        AskAsync(new(StoreVerb.GetRange, name), () => inner.GetRangeAsync(name, offset, length, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await AskAsync(new(StoreVerb.List, prefix), () => ValueTask.FromResult(true), cancellationToken);
        await foreach (var name in inner.ListAsync(prefix, startAfter, cancellationToken))
        {
            yield return name;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken) =>
        await AskAsync(
            new(StoreVerb.Delete, name), async () => { await inner.DeleteAsync(name, cancellationToken); return true; }, cancellationToken);

    private ValueTask<T> AskAsync<T>(StoreOperation operation, Func<ValueTask<T>> act, CancellationToken cancellationToken) =>
        WalkAsync(operation, () => act().AsTask(), () => throw Lost(operation), _ => throw Lost(operation), cancellationToken);

    private static StoreUnavailableException Lost(StoreOperation operation) => new($"Chaos: no answer to {operation.Verb} of {operation.Name}.");
}
