using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>
/// Everything that can be hurt is hurt by a schedule drawn from a seed, under load. A short form with all the others; <c>./test --torture --minutes N --seed S</c> goes on as long as one likes. It leaves
/// <c>out/torture/report.html</c>, and tells what happens in <c>out/torture/log.txt</c> meanwhile.
/// </summary>
public sealed class A_cluster_is_tortured(TortureCluster cluster, ITestOutputHelper output) : IClassFixture<TortureCluster>
{
    [Fact]
    public async Task By_a_seeded_schedule_and_every_history_is_strictly_serializable()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "out", "torture")).FullName;
        await using var log = new StreamWriter(Path.Combine(folder, "log.txt")) { AutoFlush = true };
        void Tell(string line)
        {
            log.WriteLine(line);
            output.WriteLine(line);
        }

        var seed = FaultLimits.Seed;
        var run = new TortureRun(cluster, seed, FaultLimits.Torture, Tell);
        Tell($"seed {seed}");
        try
        {
            await run.RunAsync();
        }
        catch (Exception)
        {
            Tell(cluster.Output);
            throw;
        }
        finally
        {
            var report = Path.Combine(folder, "report.html");
            await File.WriteAllTextAsync(report, TortureReport.Html(run.Record));
            Tell($"{TortureReport.Summary(run.Record)}: {run.Record.Verdict}; report: {report}");
        }

        Assert.True(run.Record.Faults.Count > 0 && run.Record.Acknowledged > 0, "Nothing was hurt, or nobody was answered.");
    }
}
