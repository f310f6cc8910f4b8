namespace Mjolnir.Faults.Tests.Torture;

/// <summary>Its schedule before, and its report after it.</summary>
public sealed class A_torture_can_be_told
{
    [Fact]
    public void The_same_seed_gives_the_same_faults_and_another_seed_others()
    {
        Assert.Equal(TortureSchedule.Of(7).Take(200), TortureSchedule.Of(7).Take(200));
        Assert.NotEqual(TortureSchedule.Of(7).Take(200), TortureSchedule.Of(8).Take(200));
    }

    [Fact]
    public void Every_part_is_killed_and_every_fault_comes_soon_whatever_the_seed()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var faults = TortureSchedule.Of(seed).Take(45).ToList();
            Assert.Equal(Enum.GetValues<FaultTarget>().Length, faults.Where(fault => fault.Kind == FaultKind.Kill).DistinctBy(fault => fault.Target).Count());
            Assert.Equal(12 + 11 + 6 + 3 + 1, faults.DistinctBy(fault => (fault.Kind, fault.Target)).Count());
        }
    }

    [Fact]
    public void The_report_names_seed_verdict_faults_and_checks_and_escapes_them()
    {
        var record = Record();
        record.Verdict = "G1c: <a> & <b>";
        var html = TortureReport.Html(record);
        Assert.Contains("--seed 42", html, StringComparison.Ordinal);
        Assert.Contains("G1c: &lt;a&gt; &amp; &lt;b&gt;", html, StringComparison.Ordinal);
        Assert.Contains("<title>1 s: kill -9 of the proxy</title>", html, StringComparison.Ordinal);
        Assert.Contains("history of 7 operations", html, StringComparison.Ordinal);
        Assert.Equal(2, html.Split("<polyline").Length - 1);
    }

    [Fact]
    public void The_longest_outage_is_the_longest_time_under_one_load_without_an_answer() =>
        Assert.Equal(TimeSpan.FromSeconds(3), Record().LongestOutage);

    private static TortureRecord Record()
    {
        var record = new TortureRecord(42) { Length = TimeSpan.FromSeconds(20) };
        record.Faults.Add(new TortureMark(TimeSpan.FromSeconds(1), new TortureFault(FaultKind.Kill, FaultTarget.Proxy, TimeSpan.Zero, 0, TimeSpan.Zero, Overlaps: false), TimeSpan.FromSeconds(2)));
        record.Checks.Add("history of 7 operations");

        // Three seconds without an answer, then a gap, in which a history is checked, between two seconds that are none together.
        foreach (var (from, acknowledged) in new[] { (0, 9), (1, 0), (2, 0), (3, 0), (4, 9), (5, 0), (6, 0), (10, 0), (11, 0), (12, 9) })
        {
            record.Samples.Add(new TortureSample(TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(from + 1), acknowledged));
        }

        return record;
    }
}
