using Mjolnir.Storage.Rows;

namespace Mjolnir.Storage.Tests.Rows;

/// <summary>Runs that are shared by those who ask while one is under way.</summary>
public sealed class SharedRunsTests
{
    private const int Callers = 4;
    private const int Calls = 20_000;

    /// <summary>A run that ends while somebody is about to wait for it: once that left the one after it in place for ever, and what it had read was taken for new (two accounts went back by dozens of versions).</summary>
    [Fact]
    public async Task Who_asks_is_given_a_run_that_began_later_whenever_the_one_before_ends()
    {
        var begun = 0;
        var runs = new SharedRuns(async () =>
        {
            Interlocked.Increment(ref begun);
            await Task.Yield();
        });
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            for (var i = 0; i < Calls; i++)
            {
                var before = Volatile.Read(ref begun);
                await runs.JoinAsync(CancellationToken.None);
                Assert.True(Volatile.Read(ref begun) > before, $"No run began after call {i}.");
                Thread.SpinWait(random.Next(200));
            }
        })));

        // Nothing is left behind: each of those who come one after another has a run of his own.
        for (var (i, before) = (0, begun); i < 10; i++)
        {
            await runs.JoinAsync(CancellationToken.None);
            Assert.Equal(before + i + 1, begun);
        }
    }

    [Fact]
    public async Task Those_who_ask_while_one_is_under_way_share_the_next()
    {
        var (begun, gates) = (0, new[] { new TaskCompletionSource(), new TaskCompletionSource() });
        var runs = new SharedRuns(() => gates[begun++].Task);
        var first = runs.JoinAsync(CancellationToken.None);
        var others = Enumerable.Range(0, 100).Select(_ => runs.JoinAsync(CancellationToken.None)).ToList();
        gates[0].SetResult();
        await first;
        Assert.DoesNotContain(others, static one => one.IsCompleted);
        gates[1].SetResult();
        await Task.WhenAll(others);
        Assert.Equal(2, begun);
    }
}
