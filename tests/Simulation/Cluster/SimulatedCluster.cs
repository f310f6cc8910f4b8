using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Views;
using Mjolnir.Scripting.Engine;
using Mjolnir.Simulation.Tests.Logs;
using Mjolnir.Simulation.Tests.Objects;
using Mjolnir.Simulation.Tests.Runs;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Simulation.Tests.Shards;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind;
using Mjolnir.WriteBehind.Views;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Simulation.Tests.Cluster;

/// <summary>A cluster of V-stacks: the product's own code in simulated processes, over a simulated broker, store, bus and shards.</summary>
internal sealed class SimulatedCluster
{
    /// <summary>Small, so that a short run compacts and collects.</summary>
    private static readonly WriteBehindLimits Small = new()
    {
        CompactionInterval = TimeSpan.FromSeconds(2),
        CollectionInterval = TimeSpan.FromSeconds(6),
        CollectionDelay = TimeSpan.FromSeconds(25),
        EntriesPerLog = 3,
        EntriesOfAll = 8,
        RunsPerLevel = 2,
    };

    private readonly Func<string, IScriptEngine> _engine;
    private readonly RuleSwitch _rules;
    private readonly List<SimulatedStack> _stacks = [];
    private int _ids;

    /// <summary>Makes the cluster; nothing runs yet.</summary>
    /// <param name="loop">what it runs on</param>
    /// <param name="stacks">V-stacks to begin with</param>
    /// <param name="engine">makes a server's engine</param>
    /// <param name="rules">what it does without</param>
    public SimulatedCluster(SimulationLoop loop, int stacks, Func<string, IScriptEngine> engine, RuleSwitch rules)
    {
        (Loop, _engine, _rules) = (loop, engine, rules);
        Limits = new CommitterLimits { Suspended = rules.Server };
        StoreLimits = Small with { Suspended = rules.Store, SealWait = rules.SealWait ? TimeSpan.Zero : Small.SealWait };
        Store = new SimulatedStore(loop) { Overwrites = rules.Overwrites, ChainComesFirst = rules.W7, Created = NoteCreated };
        Broker = new SimulatedBroker(loop) { SharesQueues = rules.W2, Rebinds = rules.V11 };
        Bus = new SimulatedBus(loop);
        Leadership = new SimulatedLeadership(loop);
        for (var i = 0; i < stacks; i++)
        {
            AddStack();
        }
    }

    public SimulationLoop Loop { get; }

    public SimulatedStore Store { get; }

    public SimulatedBroker Broker { get; }

    public SimulatedBus Bus { get; }

    public SimulatedLeadership Leadership { get; }

    public IReadOnlyList<SimulatedStack> Stacks => _stacks;

    /// <summary>When the store was last cut because a queue was lost; null: never.</summary>
    public long? CutAt { get; private set; }

    /// <summary>Told when somebody has claimed the opening of a view, and does not know it yet.</summary>
    public Action OpeningClaimed { get; set; } = static () => { };

    public CommitterLimits Limits { get; }

    public WriteBehindLimits StoreLimits { get; }

    public KeeperLimits KeeperLimits { get; init; } = new();

    public WorkerLimits WorkerLimits { get; init; } = new();

    public string NewId() => $"id{++_ids}";

    public IScriptEngine NewEngine(string server) => _engine(server);

    public SimulatedStack AddStack()
    {
        var name = $"s{_stacks.Count + 1}";
        var stack = new SimulatedStack(this, name, new SimulatedShard(Loop, name) { HidesLoss = _rules.V9m, ForgetsViews = _rules.V6, MayLose = () => _rules.V9m || Stacks.Count <= 1 });
        _stacks.Add(stack);
        return stack;
    }

    /// <summary>Starts every server and worker.</summary>
    public void Start() => _stacks.ForEach(stack => stack.Start());

    public IShardConnection Connect(SimulatedProcess process, ShardDescription shard) =>
        _stacks.Find(stack => stack.Shard.Name == shard.Address)!.Shard.Connect(process);

    private void NoteCreated(string name, byte[] content)
    {
        if (name.StartsWith(ObjectNames.Views, StringComparison.Ordinal) && name.EndsWith(".open", StringComparison.Ordinal))
        {
            OpeningClaimed();
        }

        if (Broker.Losses.Count > 0 && name.StartsWith(ObjectNames.RunChain, StringComparison.Ordinal) && RunChainCodec.Decode(name, content).Kind == RunChainKind.Cut)
        {
            CutAt = Loop.Now;
        }
    }

    /// <summary>The server beside a row as another server's view has it; that server itself if nobody can be reached.</summary>
    public ITransactions Beside(TransactionServer asking, RowKey key)
    {
        var slot = Slots.Of(key);
        var view = asking.View;
        var owner = view.Shards[view.Slots.First(range => slot >= range.First && slot <= range.Last).Shard].Name;
        return _stacks.Find(stack => stack.Name == owner)?.Server is { IsReady: true, Process.IsPaused: false } server ? server.Transactions! : asking;
    }
}
