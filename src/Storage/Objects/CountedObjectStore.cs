using System.Runtime.CompilerServices;

namespace Mjolnir.Storage.Objects;

/// <summary>
/// Counts what is asked of any store, as S3 would bill it: a list is one request for each thousand names. <see cref="S3ObjectStore"/> counts its own requests, tries included, and needs no decorator.
/// </summary>
/// <param name="store">the store</param>
/// <param name="requests">the counters</param>
public sealed class CountedObjectStore(IObjectStore store, StoreRequests requests) : IObjectStore
{
    /// <summary>The counters.</summary>
    public StoreRequests Requests { get; } = requests;

    /// <inheritdoc/>
    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Requests.Put(content.Length);
        var outcome = await AskedAsync(() => store.CreateAsync(name, content, cancellationToken));
        if (outcome == CreateOutcome.Unknown)
        {
            Requests.Failed();
        }

        return outcome;
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken) => ReadAsync(() => store.GetAsync(name, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken) =>
        ReadAsync(() => store.GetRangeAsync(name, offset, length, cancellationToken));

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var names = store.ListAsync(prefix, startAfter, cancellationToken).GetAsyncEnumerator(cancellationToken);
        Requests.List();
        for (var count = 0; await AskedAsync(() => names.MoveNextAsync()); count++)
        {
            if (count > 0 && count % S3Limits.PageNames == 0)
            {
                Requests.List();
            }

            yield return names.Current;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        Requests.Delete();
        await AskedAsync(async () =>
        {
            await store.DeleteAsync(name, cancellationToken);
            return true;
        });
    }

    private async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(Func<ValueTask<ReadOnlyMemory<byte>?>> read)
    {
        Requests.Get();
        var found = await AskedAsync(read);
        Requests.Received(found?.Length ?? 0);
        return found;
    }

    private async ValueTask<T> AskedAsync<T>(Func<ValueTask<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (StoreUnavailableException)
        {
            Requests.Failed();
            throw;
        }
    }
}
