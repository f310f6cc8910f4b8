using Mjolnir.Core.Batches;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Integration.Tests.Views;

/// <summary>An app server as far as its cluster can tell: it opens a log, beats, publishes, and crosses when it hears of a newer view. Its log sealed, it begins another.</summary>
internal sealed class PlainPublisher(RealCluster cluster, RealCluster.Member member, string name, string shard, IReadOnlyList<string> deadLogs) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _run = Guid.NewGuid().ToString("N");
    private ILogPublisher? _publisher;
    private Task _beating = Task.CompletedTask;
    private long _next;

    public string Log { get; private set; } = "";

    public long View { get; private set; }

    public async Task StartAsync()
    {
        await OpenLogAsync();
        _beating = Task.Run(BeatAsync);
    }

    public async Task WriteAsync(params BatchRecord[] records)
    {
        await _turn.WaitAsync();
        try
        {
            while (await PublishAsync(BatchKind.Records, records) != PublishOutcome.Confirmed)
            {
                await OpenLogAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Dies: no beats any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating;
    }

    private async Task OpenLogAsync()
    {
        do
        {
            var log = $"{name}.{await cluster.Registry.NextEpochAsync(name, CancellationToken.None)}";
            await member.Broker.DeclareAsync(log, CancellationToken.None);
            await cluster.Registry.RegisterLogAsync(log, CancellationToken.None);
            _publisher = await member.Broker.OpenPublisherAsync(log, CancellationToken.None);
            var (latest, _) = await cluster.Registry.NewestViewsAsync(CancellationToken.None);
            (Log, _next, View) = (log, 1, latest?.Number ?? 0);
        }
        while (await PublishAsync(BatchKind.View, []) != PublishOutcome.Confirmed);
    }

    private async Task<PublishOutcome> PublishAsync(BatchKind kind, BatchRecord[] records)
    {
        var outcome = await _publisher!.PublishAsync(BatchCodec.Encode(new Batch(Log, _next, View, kind, 0, 1, [], records)), CancellationToken.None);
        _next += outcome == PublishOutcome.Confirmed ? 1 : 0;
        return outcome;
    }

    private async Task BeatAsync()
    {
        using var listening = member.Bus.Listen(notice =>
        {
            if (notice is KeeperBeat beat && beat.LatestView > View && !_stop.IsCancellationRequested)
            {
                _ = Task.Run(() => CrossAsync(beat.LatestView));
            }
        });
        while (!_stop.IsCancellationRequested)
        {
            Tell();
            await Task.Delay(ClusterLimits.Beat, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell() => member.Bus.Tell(new ServerBeat(name, _run, $"http://{name}", name, shard, Log, _next - 1, View, true, false, deadLogs));

    private async Task CrossAsync(long view)
    {
        await _turn.WaitAsync();
        try
        {
            if (View < view && !_stop.IsCancellationRequested)
            {
                View = view;
                if (await PublishAsync(BatchKind.View, []) != PublishOutcome.Confirmed)
                {
                    await OpenLogAsync();
                }

                Tell();
            }
        }
        finally
        {
            _turn.Release();
        }
    }
}
