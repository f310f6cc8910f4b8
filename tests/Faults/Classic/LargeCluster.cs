using System.Globalization;
using System.Text;
using Mjolnir.Running;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>A cluster with many accounts, brought by <c>import</c>.</summary>
public sealed class LargeCluster : ClassicCluster
{
    /// <summary>How long the import took.</summary>
    public TimeSpan Imported { get; private set; }

    /// <summary>As in real life: this cluster is held against the clock.</summary>
    protected override int AuditorPause => 60;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        using var folder = new TestFolder();
        var rows = new StringBuilder();
        for (var account = FaultLimits.Accounts; account < FaultLimits.ManyAccounts; account++)
        {
            rows.Append(CultureInfo.InvariantCulture, $"{{\"name\":\"n{account}\",\"balance\":{FaultLimits.FirstBalance},\"moves\":0}}\n");
        }

        var began = TimeProvider.System.GetTimestamp();
        var (code, told) = await MjolnirProcess.RunAsync(
            FaultLimits.Importing, "import", folder.Write("accounts.ndjson", rows.ToString()), "--data", Data);
        Imported = TimeProvider.System.GetElapsedTime(began);
        Assert.True(code == 0 && told.Contains($"{FaultLimits.ManyAccounts - FaultLimits.Accounts} inserted", StringComparison.Ordinal), told);
    }

    /// <summary>Every row is in memory at both servers; fails if that takes too long.</summary>
    /// <param name="since">when the waiting is counted from</param>
    internal async Task<TimeSpan> WarmAsync(long since)
    {
        while (true)
        {
            var took = TimeProvider.System.GetElapsedTime(since);
            if (await IsWarmAsync(1) && await IsWarmAsync(2))
            {
                return took;
            }

            Assert.True(took < FaultLimits.AllWarm, $"Not every row is in memory after {took.TotalSeconds:F0} s.\n{Output}");
            await Task.Delay(FaultLimits.RetryPause);
        }
    }

    /// <summary>The logs that the app servers write and the view: the same before and after, if no server was taken for dead in between.</summary>
    internal async Task<string> LivesAsync()
    {
        var lives = new List<string>();
        foreach (var stack in new[] { 1, 2 })
        {
            var status = await StatusAsync(Server(stack));
            lives.Add($"log {status.GetProperty("total").GetProperty("log").GetString()}, view {status.GetProperty("cluster").GetProperty("activeView").GetInt64()}");
        }

        return string.Join("; ", lives);
    }

    /// <summary>Reads of the store by each app server since it started.</summary>
    internal async Task<long[]> StoreReadsAsync()
    {
        var reads = new List<long>();
        foreach (var stack in new[] { 1, 2 })
        {
            reads.Add((await StatusAsync(Server(stack))).GetProperty("total").GetProperty("storeReads").GetInt64());
        }

        return [.. reads];
    }

    private async Task<bool> IsWarmAsync(int stack)
    {
        try
        {
            return (await StatusAsync(Server(stack))).GetProperty("warm").GetBoolean();
        }
        catch (HttpRequestException)
        {
            // It is starting.
            return false;
        }
    }
}
