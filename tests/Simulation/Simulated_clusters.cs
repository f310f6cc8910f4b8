using Mjolnir.Simulation.Tests.Runs;
using Xunit.Abstractions;

namespace Mjolnir.Simulation.Tests;

/// <summary>The product's protocol in simulated clusters, from seeds.</summary>
public sealed class Simulated_clusters(ITestOutputHelper output)
{
    private const long SeedsToMissARule = 2000;

    /// <summary>The same on every machine: what fails in one place fails in all.</summary>
    private static long Seeds => Environment.GetEnvironmentVariable("MJOLNIR_LONG_TESTS") == "1" ? 10_000 : 2_000;

    private static int Threads => Math.Min(Environment.ProcessorCount, 4);

    [Fact]
    public void Keep_every_promise_whatever_goes_wrong()
    {
        var seeds = new SeedRange(1, Seeds) { StopsAtFailure = true };
        seeds.Run(Threads);
        foreach (var (seed, failure) in seeds.Failures)
        {
            Assert.Fail($"Seed {seed}: {failure}\nSee it again: dotnet run -c Release --project tests/Simulation -- --from {seed} --trace");
        }

        output.WriteLine(seeds.Text);
        Assert.True(seeds.Faults > 0, "Nothing went wrong: the faults are not at work.");
    }

    /// <summary>Each of these found a fault of the product once.</summary>
    [Theory]
    [InlineData(11)] // an install cut off with its connection landed behind its own fence: money made, an update lost
    [InlineData(30)] // the same, seen as versions left out of a log
    [InlineData(601)] // a reader was answered with what a refused batch had not taken back yet
    [InlineData(1748)] // the same
    [InlineData(1999)] // the same
    [InlineData(511)] // a worker died between the end of a log's manifest and its queue's: the queue stayed for ever
    [InlineData(2121)] // the same
    [InlineData(2469)] // the same
    [InlineData(2586)] // the same
    [InlineData(3021)] // the same
    [InlineData(2137)] // a version read while its batch was taken back came late, looked durable by the same batch's second closing, and was put back over it when the outcome of an install was not known
    [InlineData(5908)] // a transaction whose caller had been told that nobody knows was given to another server after a conflict: that one went through those who wait without end
    [InlineData(3931)] // a set that was refused for memory took a row away, and its answer was lost with the connection: the miss was believed
    [InlineData(7948)] // the queue of a log that the keeper knew by a beat only was lost, and nobody missed it for half a minute
    public void Keep_every_promise_where_one_was_broken_before(long seed) => Assert.Null(new SimulationRun(seed).Run());

    /// <summary>A rule that is switched off is missed: the simulation can fail, and for the right reasons. The seed that missed it last is tried first.</summary>
    [Theory]
    [InlineData("ForeignSight", 2)]
    [InlineData("SealWait", 955)]
    [InlineData("V1", 3)]
    [InlineData("V2", 97)]
    [InlineData("V3", 2)]
    [InlineData("V4", 3)]
    [InlineData("V5", 1)]
    [InlineData("V5u", 15)]
    [InlineData("V6", 62)]
    [InlineData("V6u", 11)]
    [InlineData("V8", 14)]
    [InlineData("V9", 93)]
    [InlineData("V9m", 31)]
    [InlineData("V10", 92)]
    [InlineData("V7", 42)]
    [InlineData("V11", 93)]
    [InlineData("V12", 92)]
    [InlineData("V13", 6)]
    [InlineData("V14", 1)]
    [InlineData("V15", 12)]
    [InlineData("W1", 5)]
    [InlineData("W2", 1)]
    [InlineData("W3", 2)]
    [InlineData("W4", 8)]
    [InlineData("W5", 8)]
    [InlineData("W6", 17)]
    [InlineData("W7", 168)]
    [InlineData("W8", 25)]
    [InlineData("W9", 9)]
    [InlineData("W10", 3)]
    public void Break_a_promise_without(string rule, long known)
    {
        var seeds = new SeedRange(known, 1, rule);
        seeds.Run(threads: 1);
        if (seeds.Failures.Count == 0)
        {
            seeds = new SeedRange(1, SeedsToMissARule, rule) { StopsAtFailure = true };
            seeds.Run(Threads);
        }

        Assert.NotEmpty(seeds.Failures);
        output.WriteLine($"Without {rule}, seed {seeds.Failures.First().Key}: {seeds.Failures.First().Value}");
    }

    [Fact]
    public void Are_shrunk_to_what_a_failure_needs()
    {
        var shrinking = new Shrinking(seed: 5, rule: "V4");
        var shorter = shrinking.Shrink();
        Assert.NotNull(shrinking.Failure);
        Assert.True(shorter.Operations < new SimulationSettings().Operations / 2, $"All that was left out: {shorter.Arguments}");
        Assert.NotNull(new SimulationRun(5, rules: RuleSwitch.Without("V4"), shortening: shorter).Run());
        output.WriteLine($"{shrinking.Runs} runs, left out: {shorter.Arguments}");
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
