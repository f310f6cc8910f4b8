using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.WriteBehind.Compaction;
using Mjolnir.WriteBehind.Views;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Simulation.Tests.Cluster;

/// <summary>One run of a write-behind process: workers, keeper and compactor.</summary>
internal sealed class SimulatedWriteBehind
{
    public SimulatedWriteBehind(SimulatedCluster cluster, string stack, SimulatedProcess process)
    {
        Process = process;
        var (store, bus, broker, leadership) = (cluster.Store.For(process), cluster.Bus.For(process), cluster.Broker.For(process), cluster.Leadership.For(process));
        Host = new WorkerHost(new WorkerHostOptions
        {
            Name = stack,
            Run = process.Name,
            Broker = broker,
            Store = store,
            Bus = bus,
            Time = process.Time,
            StoreLimits = cluster.StoreLimits,
            Limits = cluster.WorkerLimits,
            NewId = cluster.NewId,
            Failed = (log, fault) => cluster.Loop.Fail($"The worker of log {log} in {process.Name} stopped: {fault}"),
        });
        var keeper = new ViewKeeper(new ViewKeeperOptions
        {
            Run = process.Name,
            Broker = broker,
            Store = store,
            Bus = bus,
            Leadership = leadership,
            Connect = shard => cluster.Connect(process, shard),
            Time = process.Time,
            Limits = cluster.KeeperLimits,
            StoreLimits = cluster.StoreLimits,
            NewId = cluster.NewId,
            Report = what => cluster.Loop.Trace.Line(process.Name, what),
            Failed = fault => cluster.Loop.Fail($"The keeper in {process.Name} stopped: {fault}"),
        });
        var compaction = new CompactionDuty(
            leadership, store, process.Time, cluster.StoreLimits, cluster.NewId, fault => cluster.Loop.Fail($"The compactor in {process.Name} stopped: {fault}"));
        process.Start(() => Host.RunAsync(CancellationToken.None));
        process.Start(() => keeper.RunAsync(CancellationToken.None));
        process.Start(() => compaction.RunAsync(CancellationToken.None));
    }

    public SimulatedProcess Process { get; }

    public WorkerHost Host { get; }
}
