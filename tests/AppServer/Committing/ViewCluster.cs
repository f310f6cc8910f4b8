using System.Collections.Concurrent;
using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>
/// Servers over embedded shards whose view changes: the test is the keeper of the view, and each step of changing it is a call. Rules of the keeper that concern servers are required:
/// no view is opened before every log has its marker or is sealed, and everything is drained by then.
/// </summary>
internal sealed class ViewCluster : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CommitterLimits _limits;
    private readonly Func<IScriptEngine> _engine;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, EmbeddedShard> _shards = [];
    private readonly List<ClusterView> _views = [];
    private readonly Dictionary<string, Member> _members = [];
    private int _labels;
    private long _active;

    public ViewCluster(CommitterLimits? limits = null, Func<IScriptEngine>? engine = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _limits = limits ?? new CommitterLimits { ForeignPatience = TimeSpan.FromSeconds(30), TransactionPatience = TimeSpan.FromSeconds(30) };
        _engine = engine ?? (static () => new ProtocolCluster.NoScripts());
    }

    public ScriptedLogs Logs { get; } = new();

    /// <summary>Of all servers added from then on; null: rows are asked for one after the other.</summary>
    public RowForesight? Foresight { get; set; }

    public InProcessCommitFeed Feed { get; } = new();

    /// <summary>Broken rules and damage told by servers.</summary>
    public ConcurrentQueue<Violation> Alarms { get; } = new();

    /// <summary>Rows whose segment cannot be read: looking for one finds damage.</summary>
    public ConcurrentDictionary<RowKey, string> Damaged { get; } = new();

    /// <summary>Shards reported, with the label that they should have borne.</summary>
    public ConcurrentQueue<ShardDescription> Reports { get; } = new();

    public ClusterView View
    {
        get
        {
            lock (_gate)
            {
                return _views[^1];
            }
        }
    }

    public TransactionServer A => _members["A"].Server;

    public TransactionServer B => _members["B"].Server;

    public TransactionServer Server(string name) => _members[name].Server;

    public EmbeddedShard Shard(string name) => _shards[name];

    /// <summary>A server's connection to a shard.</summary>
    public ScriptedShard Connection(string server, string shard) => _members[server].To(_shards[shard]);

    /// <summary>Two servers, each beside a shard; slots in halves, view 1 open.</summary>
    public static async Task<ViewCluster> StartAsync(CommitterLimits? limits = null, Func<IScriptEngine>? engine = null, TimeProvider? time = null)
    {
        var cluster = new ViewCluster(limits, engine, time);
        await cluster.OpenAsync(cluster.Make(slot => slot < Slots.Count / 2 ? "A" : "B"));
        await cluster.AddServerAsync("A");
        await cluster.AddServerAsync("B");
        return cluster;
    }

    public async Task<TransactionServer> AddServerAsync(string name)
    {
        var member = new Member(this, name);
        _members.Add(name, member);
        await member.Server.StartAsync();
        return member.Server;
    }

    /// <summary>A row whose slot this shard has now.</summary>
    public string NameOn(string shard, string prefix) =>
        Enumerable.Range(0, 10_000).Select(i => prefix + i.ToString(CultureInfo.InvariantCulture)).First(name => HolderOf(name) == shard);

    public string HolderOf(string name) => View.Shards[RangeOf(View, Slots.Of(ProtocolCluster.Key(name))).Shard].Name;

    /// <summary>1. Makes the next view: slots where the function says, these shards with fresh labels. Slots that did not change keep what they were given by (V6).</summary>
    public ClusterView Make(Func<int, string> holder, params string[] changed)
    {
        lock (_gate)
        {
            var before = _views.Count == 0 ? null : _views[^1];
            var number = (before?.Number ?? 0) + 1;
            var names = Enumerable.Range(0, Slots.Count).Select(holder).Distinct().Order(StringComparer.Ordinal).ToList();
            var shards = names.ConvertAll(name => Describe(before, name, changed));
            var ranges = new List<SlotRange>();
            for (var slot = 0; slot < Slots.Count; slot++)
            {
                var shard = names.IndexOf(holder(slot));
                var known = before is null ? null : RangeOf(before, slot);
                var since = known is not null && before!.Shards[known.Shard] == shards[shard] ? known.Since : number;
                if (ranges.Count > 0 && ranges[^1].Shard == shard && ranges[^1].Since == since)
                {
                    ranges[^1] = ranges[^1] with { Last = slot };
                }
                else
                {
                    ranges.Add(new SlotRange(slot, slot, shard, since));
                }
            }

            _views.Add(new ClusterView(number, shards, ranges, [.. Logs.All().Select(log => log.Log)]));
            return _views[^1];
        }
    }

    /// <summary>The same, with the slots of some rows moved to a shard.</summary>
    public ClusterView Move(string to, params string[] rows)
    {
        var moved = rows.Select(row => Slots.Of(ProtocolCluster.Key(row))).ToHashSet();
        var before = View;
        return Make(slot => moved.Contains(slot) ? to : before.Shards[RangeOf(before, slot).Shard].Name);
    }

    /// <summary>The same, with a shard that lost its memory.</summary>
    public ClusterView Relabel(string shard)
    {
        var before = View;
        return Make(slot => before.Shards[RangeOf(before, slot).Shard].Name, shard);
    }

    /// <summary>3. Opens a view: everything is drained, shards that do not bear their labels are flushed and labelled, and only then is it active.</summary>
    public async Task OpenAsync(ClusterView view)
    {
        foreach (var (log, batches) in Logs.All())
        {
            // A log that was registered after the view was made begins under it or a later one (V12): it may still be without a message.
            Assert.True(
                !view.Logs.Contains(log) || Logs.IsSealed(log) || batches.Any(batch => batch.Kind == BatchKind.View && batch.View >= view.Number),
                $"{log} has not crossed to view {view.Number}.");
            Logs.Drain(log);
        }

        foreach (var shard in view.Shards)
        {
            var connection = _shards[shard.Name].Connect();
            var label = new ShardOperation { Verb = ShardVerb.Get, CacheKey = IShardConnection.LabelKey };
            await connection.RunAsync([label], CancellationToken.None);
            if (label.Status != ShardStatus.Hit || System.Text.Encoding.UTF8.GetString(label.Value.Span) != shard.Label)
            {
                await connection.OpenAsync(shard.Label, CancellationToken.None);
            }
        }

        lock (_gate)
        {
            _active = view.Number;
        }
    }

    /// <summary>4. Tells all servers, or some, that a view is open.</summary>
    public void Activate(ClusterView view, params string[] servers)
    {
        foreach (var (name, member) in _members)
        {
            if (servers.Length == 0 || servers.Contains(name))
            {
                member.Refresh();
                member.Server.Activate(view.Number);
            }
        }
    }

    /// <summary>1 to 4, with servers that all follow at once.</summary>
    public async Task ChangeAsync(ClusterView view)
    {
        await Task.WhenAll(_members.Values.Select(member => member.Server.CrossAsync(view)));
        await OpenAsync(view);
        Activate(view);
    }

    /// <summary>Seals a server's log as the keeper does: it waits out the lease between unbinding and marker (V9, V10).</summary>
    public async Task SealAsync(string log)
    {
        Logs.Unbind(log);
        await Task.Delay(_limits.LogLease + (LogLease.Waited - LogLease.Held));
        var watermark = await Logs.SealAsync(log);
        Feed.Announce(new CommitNotice(log, watermark, [], Sealed: true));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members.Values)
        {
            await member.Server.DisposeAsync();
            if (member.Server.Failed.IsCompleted)
            {
                throw await member.Server.Failed;
            }
        }
    }

    private static SlotRange RangeOf(ClusterView view, int slot) => view.Slots.First(range => slot >= range.First && slot <= range.Last);

    private ShardDescription Describe(ClusterView? before, string name, string[] changed)
    {
        _shards.TryAdd(name, new EmbeddedShard(name));
        return before?.Shards.FirstOrDefault(shard => shard.Name == name) is { } known && !changed.Contains(name)
            ? known
            : new ShardDescription(name, $"label-{name}-{++_labels}");
    }

    /// <summary>One server with its connections and its snapshot of the store.</summary>
    private sealed class Member : IClusterViews, IStoredRows
    {
        private readonly ViewCluster _cluster;
        private readonly ConcurrentDictionary<string, ScriptedShard> _connections = new();
        private volatile Dictionary<RowKey, RowVersion> _snapshot = [];

        public Member(ViewCluster cluster, string name)
        {
            _cluster = cluster;
            Server = new TransactionServer(name, new CommitterOptions
            {
                Views = this,
                Epochs = new ScriptedLogs.Epochs(cluster.Logs, name),
                Feed = cluster.Feed,
                Store = this,
                SealedLogs = new Dictionary<string, long>(),
                Engine = cluster._engine(),
                Time = cluster._time,
                Random = new Random(1),
                Alarm = cluster.Alarms.Enqueue,
                Limits = cluster._limits,
                Foresight = cluster.Foresight,
            });
        }

        public TransactionServer Server { get; }

        public ScriptedShard To(EmbeddedShard shard) => _connections.GetOrAdd(shard.Name, _ => new ScriptedShard(shard.Connect()));

        public void Refresh() => _snapshot = _cluster.Logs.Snapshot();

        public ValueTask<LatestView> LatestAsync(CancellationToken cancellationToken)
        {
            lock (_cluster._gate)
            {
                return ValueTask.FromResult(new LatestView(_cluster._views[^1], _cluster._active));
            }
        }

        public IShardConnection ConnectionTo(ShardDescription shard) => To(_cluster._shards[shard.Name]);

        public void Report(ShardDescription shard, string reason) => _cluster.Reports.Enqueue(shard);

        public ValueTask RefreshAsync(CancellationToken cancellationToken)
        {
            Refresh();
            return ValueTask.CompletedTask;
        }

        public ValueTask<RowVersion?> FindAsync(RowKey key, CancellationToken cancellationToken) => ValueTask.FromResult(Whole(key, _snapshot.GetValueOrDefault(key)));

        public ValueTask<RowVersion?> FindFreshAsync(RowKey key, CancellationToken cancellationToken) => ValueTask.FromResult(Whole(key, _cluster.Logs.Find(key)));

        public bool IsWarm(string label, long since) => false;

        private RowVersion? Whole(RowKey key, RowVersion? found) =>
            _cluster.Damaged.TryGetValue(key, out var segment) ? throw new CorruptDataException("A block is damaged: its checksum is wrong", segment, 77) : found;
    }
}
