using System.Runtime.CompilerServices;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Simulation.Tests.Objects;

/// <summary>One process's way to the store: requests take their time, and some answers are errors, whether it was done or not, or is done later.</summary>
internal sealed class SimulatedStoreClient(SimulatedStore store, SimulatedProcess process) : IObjectStore
{
    /// <summary>How old the run chain may be that is read.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromSeconds(5);

    private (string[] Names, long At)? _chain;

    /// <inheritdoc/>
    public int ReadsAtOnce => 1;

    private SimulationLoop Loop => process.Loop;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var bytes = content.ToArray();
        var answer = await AskAsync<bool?>(() => store.Create(name, bytes), isChange: true, cancellationToken);
        return answer switch
        {
            null => CreateOutcome.Unknown,
            true => CreateOutcome.Created,
            false => CreateOutcome.Taken,
        };
    }

    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken) =>
        await AskAsync(() => store.Read(name), isChange: false, cancellationToken) is { } found ? new ReadOnlyMemory<byte>(found) : (ReadOnlyMemory<byte>?)null;

    public async ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken)
    {
        if (await AskAsync(() => store.Read(name), isChange: false, cancellationToken) is not { } content)
        {
            return null;
        }

        var start = (int)Math.Clamp(offset < 0 ? content.Length + offset : offset, 0, content.Length);
        return content.AsMemory(start, Math.Min(length, content.Length - start));
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var names = (await AskAsync(() => store.List(prefix, startAfter), isChange: false, cancellationToken))!;
        foreach (var name in store.ChainComesFirst && prefix == ObjectNames.RunChain ? AsRemembered(names) : names)
        {
            yield return name;
        }
    }

    private string[] AsRemembered(string[] names)
    {
        if (_chain is { } before && Loop.Now - before.At < Oldest.Ticks)
        {
            return before.Names;
        }

        _chain = (names, Loop.Now);
        return names;
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => await AskAsync(
        () =>
        {
            store.Delete(name);
            return true;
        },
        isChange: true,
        cancellationToken);

    /// <summary>There and back. A change whose answer is lost gives the default (unknown) or an error; it was done, was not, or is done later.</summary>
    private async ValueTask<T?> AskAsync<T>(Func<T?> ask, bool isChange, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isError = store.IsDown || Loop.Network.Chance(Loop.Weather.StoreError);
        var isUnknown = isError && isChange && !store.IsDown && Loop.Network.Chance(0.6);
        var answered = new TaskCompletionSource<T?>();
        Loop.After(Loop.Weather.Delay(Loop), () =>
        {
            var answer = default(T);
            if (isUnknown)
            {
                Late(ask);
            }
            else if (!isError)
            {
                answer = ask();
            }

            Loop.After(Loop.Weather.Delay(Loop), () => answered.TrySetResult(answer));
        });
        var result = await answered.Task.WaitAsync(cancellationToken);
        return isError && !isUnknown ? throw new StoreUnavailableException("The store did not answer.") : result;
    }

    private void Late<T>(Func<T?> ask)
    {
        if (Loop.Network.Chance(0.5))
        {
            ask();
        }
        else if (Loop.Weather.LateEffect(Loop) is { } late)
        {
            Loop.After(late, () => ask());
        }
    }
}
