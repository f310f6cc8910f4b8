using Mjolnir.Faults.Tests.Classic;
using Mjolnir.Servers;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>A cluster whose queue and store are reached over links that can be cut, and every part of which can be hurt.</summary>
public sealed class TortureCluster : ClassicCluster
{
    private const int SigKill = 9;

    private RabbitMqServer _broker = null!;
    private S3Server _store = null!;

    internal FaultLink ToQueue { get; private set; } = null!;

    internal FaultLink ToStore { get; private set; } = null!;

    protected override IReadOnlyList<string> More =>
        ["--amqp", new UriBuilder(_broker.Url) { Port = ToQueue.Port }.Uri.ToString(), "--s3", $"http://127.0.0.1:{ToStore.Port}", "--bucket", "ledger"];

    protected override IReadOnlyDictionary<string, string> Surroundings => new Dictionary<string, string>
    {
        ["Mjolnir__Store__AccessKey"] = _store.Ceph.AccessKey,
        ["Mjolnir__Store__SecretKey"] = _store.Ceph.SecretKey,
    };

    public override async Task InitializeAsync()
    {
        var starting = (Broker: RabbitMqServer.StartAsync(), Store: S3Server.StartAsync());
        (_broker, _store) = (await starting.Broker, await starting.Store);
        (ToQueue, ToStore) = (new FaultLink(_broker.Service.Port), new FaultLink(_store.Ceph.Endpoint.Port));
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await ToQueue.DisposeAsync();
        await ToStore.DisposeAsync();
        await _store.DisposeAsync();
        await _broker.DisposeAsync();
    }

    /// <summary>Does it, and undoes it after its time. Completes when that is done; the cluster may still be healing then.</summary>
    internal Task DoAsync(TortureFault fault) => fault.Kind switch
    {
        FaultKind.Kill => KillAsync(fault),
        FaultKind.Stop => StopAsync(fault),
        FaultKind.Scale => ScaleAsync(fault),
        _ => HurtAsync(fault, fault.Target == FaultTarget.Queue ? ToQueue : ToStore),
    };

    private async Task KillAsync(TortureFault fault)
    {
        using var patience = new CancellationTokenSource(FaultLimits.ClusterStart);
        switch (fault.Target)
        {
            case FaultTarget.Everything:
                await KillAllAsync();
                await StartAsync();
                break;
            case FaultTarget.Queue:
                await _broker.Service.KillAsync();
                await Task.Delay(fault.Lasts, patience.Token);
                await _broker.Service.RestartAsync(patience.Token);
                break;
            case FaultTarget.Store:
                await _store.Ceph.KillGatewayAsync();
                await Task.Delay(fault.Lasts, patience.Token);
                await _store.Ceph.StartGatewayAsync(patience.Token);
                break;
            default:
                await SignalAsync(fault.Target, SigKill);
                break;
        }
    }

    private async Task StopAsync(TortureFault fault)
    {
        var process = await SignalAsync(fault.Target, Services.Signals.Stop);
        await Task.Delay(fault.Lasts);

        // Its supervisor may have replaced it.
        Services.Signals.Send(process, Services.Signals.Continue);
    }

    /// <summary>Sends it to the process that does this part now; one that has just ended is being started again.</summary>
    private async Task<int> SignalAsync(FaultTarget target, int signal)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (true)
        {
            var process = target switch
            {
                FaultTarget.Queue => _broker.Service.ProcessId,
                FaultTarget.Store => _store.Ceph.ProcessIds[^1],
                _ => (await ProcessAsync(CommandOf(target))).Id,
            };
            if (Services.Signals.Send(process, signal))
            {
                return process;
            }

            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }

    private async Task ScaleAsync(TortureFault fault)
    {
        await ScaleAsync(3);
        await Task.Delay(fault.Lasts);
        await ScaleAsync(2);
    }

    private static async Task HurtAsync(TortureFault fault, FaultLink link)
    {
        switch (fault.Kind)
        {
            case FaultKind.Cut:
                link.Cut();
                break;
            case FaultKind.Silence:
                link.Hold(Held.Both);
                break;
            default:
                link.Hold(Held.Answers);
                break;
        }

        await Task.Delay(fault.Lasts);
        if (fault.Kind == FaultKind.LostAnswers)
        {
            link.Cut();
        }

        link.Heal();
    }

    /// <summary>Words of the command line of a process that <c>up</c> runs.</summary>
    private string CommandOf(FaultTarget target) => target switch
    {
        FaultTarget.App1 => $"app --config {Data}/s1-app/",
        FaultTarget.App2 => $"app --config {Data}/s2-app/",
        FaultTarget.Worker1 => $"write-behind --config {Data}/s1-write-behind/",
        FaultTarget.Worker2 => $"write-behind --config {Data}/s2-write-behind/",
        FaultTarget.Cache1 => $"memcached -l 127.0.0.1 -p {CachePort(1)} ",
        FaultTarget.Cache2 => $"memcached -l 127.0.0.1 -p {CachePort(2)} ",
        FaultTarget.Proxy => $"proxy --config {Data}/proxy/",
        _ => throw new ArgumentOutOfRangeException(nameof(target), target, "is no child of up"),
    };
}
