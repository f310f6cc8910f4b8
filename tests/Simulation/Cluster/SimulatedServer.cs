using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Roles;
using Mjolnir.Core.Violations;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind;

namespace Mjolnir.Simulation.Tests.Cluster;

/// <summary>One run of an app server: what ClusterServer makes, in the same order, without HTTP and peers.</summary>
internal sealed class SimulatedServer
{
    private static readonly TimeSpan StartAgain = TimeSpan.FromMilliseconds(300);

    private readonly SimulatedCluster _cluster;
    private readonly SimulatedStack _stack;
    private readonly List<Action> _calls = [];
    private ClusterMember? _member;

    public SimulatedServer(SimulatedCluster cluster, SimulatedStack stack, SimulatedProcess process)
    {
        (_cluster, _stack, Process) = (cluster, stack, process);
        process.OnEnd(EndCalls);
        process.Start(JoinAsync);
    }

    public SimulatedProcess Process { get; }

    public TransactionServer? Transactions { get; private set; }

    /// <summary>It takes calls.</summary>
    public bool IsReady => Transactions is not null && !Process.IsDead;

    /// <summary>Asks for its shard to be taken out of the view.</summary>
    public void Leave() => Process.Post(() => _member?.Leave());

    /// <summary>Runs a call that has just arrived; the caller hears of the end of the process too, in time.</summary>
    public void Call(TransactionCall call, Action<TransactionAnswer?> answered)
    {
        var isOpen = true;
        void End(TransactionAnswer? answer)
        {
            if (isOpen)
            {
                isOpen = false;
                if (_cluster.Loop.Network.Chance(_cluster.Loop.Weather.LostAnswer))
                {
                    answer = null;
                }

                _cluster.Loop.After(_cluster.Loop.Weather.Delay(_cluster.Loop), () => answered(answer));
            }
        }

        void Cut() => End(null);
        _calls.Add(Cut);
        Process.Start(async () =>
        {
            var answer = await Transactions!.RunAsync(call, CancellationToken.None);
            _calls.Remove(Cut);
            End(answer);
        });
    }

    private void EndCalls()
    {
        _calls.ForEach(static cut => cut());
        _calls.Clear();
    }

    private async Task JoinAsync()
    {
        try
        {
            await TryJoinAsync();
        }
        catch (Exception fault) when (fault is StoreUnavailableException or LogUnavailableException or TimeoutException)
        {
            // A process that cannot start ends, and is started again.
            _stack.KillServer(StartAgain);
        }
    }

    private async Task TryJoinAsync()
    {
        var (store, bus, time) = (_cluster.Store.For(Process), _cluster.Bus.For(Process), Process.Time);
        var broker = _cluster.Broker.For(Process);
        var registry = new ClusterRegistry(store);
        var stored = new StoredMarks();
        var former = new FormerLogs(null, name => [.. _stack.Notes.GetValueOrDefault(name) ?? []], (name, logs) => _stack.Notes[name] = [.. logs]);
        var epochs = new ClusterLogEpochs(_stack.Name, broker, registry, new LogSealer(broker, store, time, _cluster.StoreLimits), former, stored);
        epochs.Prepare();
        var views = new RegistryViews(registry, bus, shard => _cluster.Connect(Process, shard), Alarm);
        _member = new ClusterMember(new MemberIdentity(_stack.Name, Process.Name, "", "", _stack.Shard.Name), bus, views, stored, former, time);
        views.Opened = await _member.FirstViewAsync(CancellationToken.None);
        var snapshot = await StoredRows.OpenAsync(store, CancellationToken.None);
        var rows = new ClusterRows(snapshot);
        var server = new TransactionServer(_stack.Name, Options(views, epochs, bus, rows, snapshot.SealedLogs));
        server.HandOverTo(key => _cluster.Beside(server, key));
        Watch(server.Failed);
        Watch(_member.Failed);
        await server.StartAsync();
        _member.Attach(server, rows);
        await epochs.DeleteUnusedAsync(CancellationToken.None);
        Transactions = server;
        _member.SetReady(true);
        _cluster.Loop.Trace.Line(Process.Name, $"is ready, log {server.Log}");
    }

    private CommitterOptions Options(RegistryViews views, ClusterLogEpochs epochs, SimulatedBus.Client bus, ClusterRows rows, IReadOnlyDictionary<string, long> sealedLogs) => new()
    {
        Views = views,
        Epochs = epochs,
        Feed = bus,
        Store = rows,
        SealedLogs = sealedLogs,
        Engine = _cluster.NewEngine(Process.Name),
        Time = Process.Time,
        Random = new Random((int)_cluster.Loop.Network.Next()),
        Limits = _cluster.Limits,
        NewLane = (_, fault) => Process.NewLane(fault),
        Alarm = Alarm,
    };

    /// <summary>Shards lose their memory here; nothing else is damaged: any other broken rule is the product's.</summary>
    private void Alarm(Violation violation)
    {
        if (violation.Kind == ViolationKind.UnlabelledShard)
        {
            _cluster.Loop.Trace.Line(Process.Name, violation.What);
        }
        else
        {
            _cluster.Loop.Fail($"{Process.Name} found a broken rule at {violation.Part}: {violation.What}");
        }
    }

    private async void Watch(Task<Exception> failed) => _cluster.Loop.Fail($"Server {Process.Name} stopped: {await failed}");
}
