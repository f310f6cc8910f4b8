using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;

namespace Mjolnir.WriteBehind.Tests.Views;

/// <summary>What an app server is to the rest of a cluster: it opens a log, beats, publishes, and crosses when it hears of a newer view. Its log unbound, it begins another.</summary>
internal sealed class PlainServer(ClusterTest cluster, string name, IReadOnlyList<string> deadLogs) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _run = cluster.NextId();
    private ILogPublisher? _publisher;
    private long _next;
    private Task _beating = Task.CompletedTask;

    public string Log { get; private set; } = "";

    public long View { get; private set; }

    public bool Leaves { get; set; }

    /// <summary>False: it hears of views and does nothing.</summary>
    public bool Crosses { get; set; } = true;

    public async Task StartAsync()
    {
        await OpenLogAsync();
        _beating = Task.Run(BeatAsync);
    }

    /// <summary>Publishes a batch with these rows; in a new log if the one it had was sealed.</summary>
    public Task<Stamp> WriteAsync(params BatchRecord[] records) => WriteAsync([], records);

    public async Task<Stamp> WriteAsync(IReadOnlyList<Stamp> foreign, params BatchRecord[] records)
    {
        await _turn.WaitAsync(World.Ever);
        try
        {
            while (await PublishAsync(BatchKind.Records, foreign, records) != PublishOutcome.Confirmed)
            {
                await OpenLogAsync();
            }

            return new Stamp(Log, _next - 1);
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
            // The steps of V11 and V12: declared and bound, registered, and only then the newest view.
            var log = $"{name}.{await cluster.Registry.NextEpochAsync(name, World.Ever)}";
            await cluster.World.Broker.DeclareAsync(log, World.Ever);
            await cluster.Registry.RegisterLogAsync(log, World.Ever);
            _publisher = await cluster.World.Broker.OpenPublisherAsync(log, World.Ever);
            var (latest, _) = await cluster.Registry.NewestViewsAsync(World.Ever);
            (Log, _next, View) = (log, 1, latest?.Number ?? 0);
        }
        while (View > 0 && await PublishAsync(BatchKind.View, [], []) != PublishOutcome.Confirmed);
    }

    private async Task<PublishOutcome> PublishAsync(BatchKind kind, IReadOnlyList<Stamp> foreign, BatchRecord[] records)
    {
        var outcome = await _publisher!.PublishAsync(BatchCodec.Encode(new Batch(Log, _next, View, kind, 0, 1, foreign, records)), World.Ever);
        _next += outcome == PublishOutcome.Confirmed ? 1 : 0;
        return outcome;
    }

    private async Task BeatAsync()
    {
        using var listening = cluster.Bus.Listen(notice => Hear(notice));
        while (!_stop.IsCancellationRequested)
        {
            Tell();
            await Task.Delay(ClusterTest.Fast.Beat, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell() =>
        cluster.Bus.Tell(new ServerBeat(name, _run, $"http://{name}", name, $"mem:{name}", Log, _next - 1, View, true, Leaves, deadLogs));

    private void Hear(ClusterNotice notice)
    {
        if (notice is KeeperBeat beat && beat.LatestView > View && Crosses && !_stop.IsCancellationRequested)
        {
            _ = Task.Run(() => CrossAsync(beat.LatestView));
        }
    }

    private async Task CrossAsync(long view)
    {
        await _turn.WaitAsync(World.Ever);
        try
        {
            if (View < view && !_stop.IsCancellationRequested)
            {
                View = view;
                if (await PublishAsync(BatchKind.View, [], []) != PublishOutcome.Confirmed)
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
