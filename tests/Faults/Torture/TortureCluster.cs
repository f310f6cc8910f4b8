using System.Collections.Concurrent;
using Mjolnir.Core.Violations;
using Mjolnir.Faults.Tests.Classic;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>A cluster whose queue and store are reached over links that can be cut, and every part of which can be hurt.</summary>
public sealed class TortureCluster : ClassicCluster
{
    private const int SigKill = 9;
    private const string Bucket = "ledger";

    private static readonly string[] TablesInUse = ["accounts", "counters", "items"];

    private readonly ConcurrentQueue<string> _damaged = new();

    private string? _app;
    private RabbitMqServer _broker = null!;
    private S3Server _store = null!;

    internal FaultLink ToQueue { get; private set; } = null!;

    internal FaultLink ToStore { get; private set; } = null!;

    /// <summary>Rows and objects that were damaged: alarms that name them are as they should be.</summary>
    internal IReadOnlyCollection<string> Damaged => _damaged;

    /// <summary>Those of them that a process has told of: the others were not looked at before they were mended, or were written anew.</summary>
    internal IReadOnlyCollection<string> Noticed
    {
        get
        {
            var told = Output;
            return [.. _damaged.Where(name => IsNamed(name, told))];
        }
    }

    protected override string App(TestFolder folder) => _app ??= IndexedLedger.Write(folder);

    protected override IReadOnlyList<string> More =>
        ["--amqp", new UriBuilder(_broker.Url) { Port = ToQueue.Port }.Uri.ToString(), "--s3", $"http://127.0.0.1:{ToStore.Port}", "--bucket", Bucket];

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
        FaultKind.Damage when fault.Target == FaultTarget.Store => DamageObjectAsync(fault),
        FaultKind.Damage => DamageItemAsync(fault),
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

    /// <summary>An alarm must be one of damage and name what was damaged; a metric has no names, only the kinds of alarms. No log may be given up for it.</summary>
    protected override bool IsExpected(string told) =>
        base.IsExpected(told)
        || (told.Contains(Alarms.NameOf(ViolationKind.DamagedData), StringComparison.Ordinal)
            && !told.Contains("stopped for good", StringComparison.Ordinal)
            && (told.StartsWith("mjolnir_", StringComparison.Ordinal) ? !_damaged.IsEmpty : _damaged.Any(name => IsNamed(name, told))));

    /// <summary>True if the text has the name, and not only one that begins with it: <c>n1</c> is not named by <c>n12</c>.</summary>
    internal static bool IsNamed(string name, string told)
    {
        for (var at = told.IndexOf(name, StringComparison.Ordinal); at >= 0; at = told.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            if (at + name.Length == told.Length || !char.IsAsciiLetterOrDigit(told[at + name.Length]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whoever needs the row is refused until the memcached is emptied; if it was the label, the shard is replaced at once.</summary>
    private async Task DamageItemAsync(TortureFault fault)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        var port = CachePort(fault.Target == FaultTarget.Cache1 ? 1 : 2);
        foreach (var key in await DamagedItem.FlipAsync(port, FaultLimits.DamagedAtOnce, IsInUse, fault.Where, patience.Token))
        {
            _damaged.Enqueue(key[(key.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        }

        await Task.Delay(fault.Lasts);
        await SignalAsync(fault.Target, SigKill);
    }

    /// <summary>Rows that calls look at over and over, and the label; a receipt or an old id would hardly be met again.</summary>
    private static bool IsInUse(string cacheKey) => cacheKey == IShardConnection.LabelKey || TablesInUse.Any(table => cacheKey.Contains($":ledger/{table}/", StringComparison.Ordinal));

    private async Task DamageObjectAsync(TortureFault fault)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        var settings = new S3Settings(_store.Ceph.Endpoint, Bucket) { AccessKey = _store.Ceph.AccessKey, SecretKey = _store.Ceph.SecretKey };
        var damages = Enumerable.Range(0, FaultLimits.DamagedAtOnce).Select(_ => new DamagedObject(settings)).ToList();
        var random = new Random((int)(fault.Where * int.MaxValue));
        foreach (var damage in damages)
        {
            // One may be damaged twice; it is mended from the last damage to the first.
            if (await damage.FlipAsync(random.NextDouble(), patience.Token))
            {
                _damaged.Enqueue(damage.Name!);
            }
        }

        await SignalAsync(fault.EmptiedMeanwhile == 1 ? FaultTarget.Cache1 : FaultTarget.Cache2, SigKill);
        await Task.Delay(fault.Lasts);
        foreach (var damage in damages.AsEnumerable().Reverse())
        {
            await damage.MendAsync(patience.Token);
            damage.Dispose();
        }
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
        FaultTarget.Indexer1 => $"indexer --config {Data}/s1-indexer/",
        FaultTarget.Indexer2 => $"indexer --config {Data}/s2-indexer/",
        FaultTarget.Cache1 => $"memcached -l 127.0.0.1 -p {CachePort(1)} ",
        FaultTarget.Cache2 => $"memcached -l 127.0.0.1 -p {CachePort(2)} ",
        FaultTarget.Proxy => $"proxy --config {Data}/proxy/",
        _ => throw new ArgumentOutOfRangeException(nameof(target), target, "is no child of up"),
    };
}
