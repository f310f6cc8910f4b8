using System.Diagnostics;
using Mjolnir.Simulation.Tests.Runs;
using Xunit.Abstractions;

namespace Mjolnir.Simulation.Tests;

/// <summary>The product's protocol in simulated clusters, from seeds.</summary>
public sealed class Simulated_clusters(ITestOutputHelper output)
{
    private const long SeedsToMissARule = 2000;

    /// <summary>The same on every machine: what fails in one place fails in all.</summary>
    private static long Seeds => Environment.GetEnvironmentVariable("MJOLNIR_LONG_TESTS") == "1" ? 10_000 : 250;

    [Fact]
    public void Keep_every_promise_whatever_goes_wrong()
    {
        var watch = Stopwatch.StartNew();
        var (seed, operations, troubles) = (0L, 0, 0);
        while (seed < Seeds)
        {
            var run = new SimulationRun(++seed);
            var failure = run.Run();
            Assert.True(failure is null, $"Seed {seed}: {failure}\nSee it again: dotnet run -c Release --project tests/Simulation -- --from {seed} --trace");
            operations += run.Recorder.Operations.Count;
            troubles += run.Troubles.Count;
        }

        output.WriteLine($"{seed} seeds, {operations} transactions, {troubles} faults in {watch.Elapsed.TotalSeconds:F0} s");
        Assert.True(troubles > 0, "Nothing went wrong: the faults are not at work.");
    }

    /// <summary>Each of these found a fault of the product once.</summary>
    [Theory]
    [InlineData(11)] // an install cut off with its connection landed behind its own fence: money made, an update lost
    [InlineData(601)] // a reader was answered with what a refused batch had not taken back yet
    [InlineData(30)] // the same, seen as versions left out of a log
    public void Keep_every_promise_where_one_was_broken_before(long seed) => Assert.Null(new SimulationRun(seed).Run());

    /// <summary>A rule that is switched off is missed: the simulation can fail, and for the right reasons.</summary>
    [Theory]
    [InlineData("ForeignSight")]
    [InlineData("V1")]
    [InlineData("V3")]
    [InlineData("V4")]
    [InlineData("V5")]
    [InlineData("V5u")]
    [InlineData("V9m")]
    [InlineData("W2")]
    [InlineData("W6")]
    public void Break_a_promise_without(string rule)
    {
        string? failure = null;
        long seed = 0;
        while (failure is null && seed < SeedsToMissARule)
        {
            failure = new SimulationRun(++seed, rules: RuleSwitch.Without(rule)).Run();
        }

        output.WriteLine($"Without {rule}, seed {seed}: {failure}");
        Assert.NotNull(failure);
    }

    [Fact]
    public void Replay_exactly_from_their_seed()
    {
        var (one, other) = (Traced(7), Traced(7));
        Assert.True(one.Length > 1000);
        Assert.Equal(one, other);
        Assert.NotEqual(one, Traced(8));
    }

    private static string Traced(long seed)
    {
        var run = new SimulationRun(seed, isTraced: true);
        run.Run();
        return run.Trace.Text;
    }
}
