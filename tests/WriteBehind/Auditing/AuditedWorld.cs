using System.Collections.Concurrent;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind.Auditing;

namespace Mjolnir.WriteBehind.Tests.Auditing;

/// <summary>A log, a store and a warm shard that agree, until a test changes one of them; and an auditor over them.</summary>
internal sealed class AuditedWorld : IAuditedCluster, IAsyncDisposable
{
    public const string Log = "s1.1";

    /// <summary>More than any difference of these small worlds needs to be met: the store is drawn from at random.</summary>
    public const int Rounds = 8;

    private readonly List<BatchRecord> _written = [];
    private readonly EmbeddedShardConnection _hand;
    private long _batches;

    private AuditedWorld()
    {
        Shard = new EmbeddedShard("s1");
        _hand = Shard.Connect();
        Requests = new StoreRequests();
        Auditor = NewAuditor();
    }

    public World World { get; } = new();

    public EmbeddedShard Shard { get; }

    public StoreRequests Requests { get; }

    public LogSample Logged { get; } = new(1);

    public Auditor Auditor { get; private set; }

    public ConcurrentQueue<Violation> Told { get; } = [];

    /// <summary>Replaces what the auditor's connection to the shard does.</summary>
    public Func<IShardConnection, IShardConnection> Wire { get; set; } = connection => connection;

    public long ActiveView { get; set; } = 1;

    public bool IsWarmed { get; set; } = true;

    /// <summary>What live owners tell of their logs.</summary>
    public Dictionary<string, long> Durable { get; } = [];

    /// <summary>What is heard of any log each time it is asked for, instead.</summary>
    public Func<long?>? Hears { get; set; }

    public static AuditLimits Hasty { get; } = new() { LookPause = TimeSpan.FromMilliseconds(1), RoundPause = TimeSpan.FromMilliseconds(1) };

    /// <summary>View 1 open, its shard labelled; some rows written, stored, and as they should be in the shard.</summary>
    public static async Task<AuditedWorld> StartAsync(params string[] names)
    {
        var world = new AuditedWorld();
        await world.OpenViewAsync(1);
        await world._hand.OpenAsync("label", World.Ever);
        await world.World.OpenLogAsync(Log);
        foreach (var name in names)
        {
            await world.WriteAsync(name, 1, 10);
        }

        await world.StoreAsync();
        return world;
    }

    public static string CacheKey(RowKey key) => $"1:{key.Text}";

    public bool IsWarm(string label, long since) => IsWarmed;

    public long? DurableOf(string log) => Hears?.Invoke() ?? (Durable.TryGetValue(log, out var durable) ? durable : null);

    public async Task OpenViewAsync(long number)
    {
        var registry = new ClusterRegistry(World.Objects);
        await registry.CreateViewAsync(new ClusterView(number, [new ShardDescription("s1", "label")], [new SlotRange(0, Slots.Count - 1, 0, 1)], []), World.Ever);
        await registry.MarkActiveAsync(number, World.Ever);
    }

    /// <summary>A batch with one row, in the shard and in the log.</summary>
    public async Task<Stamp> WriteAsync(string name, long version, int value)
    {
        var record = World.Put(name, version, value);
        var stamp = new Stamp(Log, ++_batches);
        await World.PublishAsync(Log, stamp.Batch, record);
        _written.Add(record);
        await PutAsync(record.Key, new RowVersion(version, stamp, RowState.Present, record.Value));
        Logged.Offer(new Batch(Log, stamp.Batch, 1, BatchKind.Records, 0, 1, [], [record]));
        return stamp;
    }

    public Task StoreAsync() => World.StoreAsync(Log, _batches);

    /// <summary>Changes the shard by hand.</summary>
    public Task PutAsync(RowKey key, RowVersion version) => PutAsync(key, EnvelopeCodec.Encode(Envelope.Of(version)));

    public async Task PutAsync(RowKey key, byte[] item)
    {
        await RemoveAsync(key);
        await _hand.RunAsync([new ShardOperation { Verb = ShardVerb.Add, CacheKey = CacheKey(key), Value = item }], World.Ever);
    }

    public async Task RemoveAsync(RowKey key)
    {
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = CacheKey(key) };
        await _hand.RunAsync([get], World.Ever);
        await _hand.RunAsync([new ShardOperation { Verb = ShardVerb.CompareAndDelete, CacheKey = get.CacheKey, Token = get.Token }], World.Ever);
    }

    /// <summary>Changes the one segment by hand, and the entry behind it to fit, so that no checksum tells.</summary>
    public async Task ChangeSegmentAsync(Func<SegmentRow, SegmentRow?> change)
    {
        var entry = Assert.Single(await World.ManifestAsync(Log));
        var segment = new SegmentWriter();
        for (var i = 0; i < _written.Count; i++)
        {
            var record = _written.OrderBy(record => record.Key).ElementAt(i);
            var stamp = new Stamp(Log, _written.IndexOf(record) + 1);
            if (change(new SegmentRow(record.Key, new RowVersion(record.Version, stamp, record.State, record.Value))) is { } row)
            {
                segment.Add(row);
            }
        }

        var rows = segment.Rows;
        var content = segment.Finish();
        World.Objects[ObjectNames.ManifestEntry(Log, entry.Number)] = ManifestCodec.Encode(entry with { Bytes = content.Length, Rows = rows }, content);
    }

    /// <summary>The auditor of a process that starts.</summary>
    public void RestartAuditor() => Auditor = NewAuditor();

    /// <summary>Makes rounds until something is told.</summary>
    public async Task<Violation> ToldAsync()
    {
        for (var round = 0; round < Rounds && Told.IsEmpty; round++)
        {
            await Auditor.RoundAsync(World.Ever);
        }

        Assert.False(Told.IsEmpty, $"Nothing was told in {Rounds} rounds: {Auditor.Figures}");
        return Told.First();
    }

    /// <summary>Makes rounds in which nothing is told.</summary>
    public async Task<AuditFigures> SilentAsync(int rounds = Rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            await Auditor.RoundAsync(World.Ever);
        }

        Assert.Empty(Told);
        return Auditor.Figures;
    }

    public async ValueTask DisposeAsync()
    {
        await Auditor.DisposeAsync();
        await _hand.DisposeAsync();
    }

    private Auditor NewAuditor() => new(new AuditorOptions
    {
        Store = new CountedObjectStore(World.Objects, Requests),
        Connect = _ => Wire(Shard.Connect()),
        Cluster = this,
        Logged = Logged,
        Differs = Told.Enqueue,
        Seed = 7,
        Limits = Hasty,
    });
}
