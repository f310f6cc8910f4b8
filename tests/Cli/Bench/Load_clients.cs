using System.Net;
using Mjolnir.Cli.Bench;
using Mjolnir.Cli.Bench.Load;

namespace Mjolnir.Cli.Tests.Bench;

public sealed class Load_clients
{
    [Fact]
    public async Task A_rate_is_kept_over_all_connections_together()
    {
        var figures = await DriveBareAsync(perSecond: 200);

        // 2.2 seconds with the warm-up at 200 a second: what was due in it may come late on a slow machine, or not any more, but nothing beyond. Without a rate the same clients do thousands.
        Assert.Equal(0, figures.Failed);
        Assert.InRange(figures.Committed, 50, 450);
    }

    [Fact]
    public async Task Without_a_rate_every_answer_is_followed_by_a_request_at_once()
    {
        var figures = await DriveBareAsync(perSecond: 0);

        Assert.Equal(0, figures.Failed);
        Assert.True(figures.Committed > 1000, $"only {figures.Committed}");
    }

    /// <summary>Two measured seconds, eight connections.</summary>
    private static async Task<LoadFigures> DriveBareAsync(int perSecond)
    {
        using var stop = new CancellationTokenSource();
        var listening = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var serving = BareEndpoint.RunAsync(listening.SetResult, stop.Token);
        var address = new Uri(await listening.Task);
        var server = new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
        using var load = new LoadClient(new Load([server], new string?[8], 100, 0, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2), 1, perSecond));
        await Task.Factory.StartNew(() => load.Run(static () => { }, CancellationToken.None), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await stop.CancelAsync();
        await serving;
        return load.Figures;
    }
}
