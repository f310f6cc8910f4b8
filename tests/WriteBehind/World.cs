using Mjolnir.Chaos.Logs;
using Mjolnir.Chaos.Objects;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind.Compaction;

namespace Mjolnir.WriteBehind.Tests;

/// <summary>A store and logs in memory, with gates around them, and short ways to publish, store and read.</summary>
internal sealed class World
{
    private readonly Dictionary<string, ILogPublisher> _publishers = [];
    private int _ids;

    public World(bool steals = false)
    {
        Broker = new MemoryLogBroker { Steals = steals };
        Store = new ChaosObjectStore(Objects);
        Logs = new ChaosLogBroker(Broker);
    }

    public static CancellationToken Ever => CancellationToken.None;

    /// <summary>Stores only when asked to, so that a test decides what is in which segment.</summary>
    public static WriteBehindLimits Patient { get; } = new()
    {
        FlushInterval = TimeSpan.FromHours(1),
        IdleFlushInterval = TimeSpan.FromHours(1),
        FirstBackOff = TimeSpan.FromMilliseconds(1),
        LongestBackOff = TimeSpan.FromMilliseconds(1),
        SealWait = TimeSpan.FromMilliseconds(1),
        SealPoll = TimeSpan.FromMilliseconds(1),
    };

    public MemoryObjectStore Objects { get; } = new();

    public MemoryLogBroker Broker { get; }

    public ChaosObjectStore Store { get; }

    public ChaosLogBroker Logs { get; }

    public ManualTime Time { get; } = new();

    public static RowKey Key(string name, string table = "users") =>
        RowKey.TryCreate("bank", table, name, out var key) ? key : throw new ArgumentException(name);

    public static BatchRecord Put(string name, long version, int value) => new(Key(name), version, RowState.Present, Document.FromText($"{{\"v\":{value}}}"));

    public static BatchRecord Remove(string name, long version) => new(Key(name), version, RowState.Tombstone, null);

    public string NextId() => $"id{++_ids}";

    public async Task OpenLogAsync(string log)
    {
        await Broker.DeclareAsync(log, Ever);
        await new ClusterRegistry(Objects).RegisterLogAsync(log, Ever);
        _publishers[log] = await Broker.OpenPublisherAsync(log, Ever);
    }

    public async Task<PublishOutcome> PublishAsync(string log, long number, params BatchRecord[] records) =>
        await PublishAsync(new Batch(log, number, 1, BatchKind.Records, Time.GetUtcNow().ToUnixTimeMilliseconds(), records.Length, [], records));

    public async Task<PublishOutcome> PublishAsync(string log, long number, Stamp foreign, params BatchRecord[] records) =>
        await PublishAsync(new Batch(log, number, 1, BatchKind.Records, Time.GetUtcNow().ToUnixTimeMilliseconds(), records.Length, [foreign], records));

    public async Task<PublishOutcome> PublishAsync(Batch batch) => await _publishers[batch.Log].PublishAsync(BatchCodec.Encode(batch), Ever);

    public WriteBehindWorker Worker(string log, WriteBehindLimits? limits = null, TimeProvider? time = null) =>
        new(log, Logs, Store, time ?? TimeProvider.System, limits ?? Patient, NextId());

    /// <summary>Stores everything up to this batch with a worker of its own, as one segment.</summary>
    public async Task StoreAsync(string log, long throughBatch)
    {
        var worker = Worker(log);
        var run = worker.RunAsync(Ever);
        await Task.WhenAny(run, worker.DrainAsync(throughBatch, Ever));
        await worker.StopAsync(Ever);
        await run;
    }

    public async Task<long> SealAsync(string log)
    {
        var worker = Worker(log);
        var run = worker.RunAsync(Ever);
        var watermark = await new LogSealer(Logs, Store, TimeProvider.System, Patient).SealAsync(log, isKnownDead: true, Ever);
        await run;
        return watermark;
    }

    public async Task<IReadOnlyList<ManifestEntry>> ManifestAsync(string log) => await new LogManifest(Objects).ReadAsync(log, Ever);

    public async Task<StoredRows> RowsAsync() => await StoredRows.OpenAsync(Store, Ever);

    public async Task<string?> FindAsync(string name) => (await (await RowsAsync()).FindAsync(Key(name), Ever))?.Value?.ToString();

    public Compactor Compactor(WriteBehindLimits limits) => new(Store, Time, limits, NextId());

    public Task<RecoveredCluster> RecoverAsync() =>
        Recovery.RunAsync(Logs, Store, ["s1", "s2"], TimeProvider.System, null, Ever, NextId, Patient);
}
