using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Simulation.Tests.Shards;

namespace Mjolnir.Simulation.Tests.Cluster;

/// <summary>A V-stack: an app server, a shard and a write-behind process, each of which dies and comes back by itself.</summary>
internal sealed class SimulatedStack(SimulatedCluster cluster, string name, SimulatedShard shard)
{
    private int _runs;

    public string Name => name;

    public SimulatedShard Shard => shard;

    /// <summary>The present run of the app server; null while there is none.</summary>
    public SimulatedServer? Server { get; private set; }

    /// <summary>The present run of the write-behind process; null while there is none.</summary>
    public SimulatedWriteBehind? Worker { get; private set; }

    /// <summary>The server's lists of logs on its disk, by name.</summary>
    public Dictionary<string, string[]> Notes { get; } = new(StringComparer.Ordinal);

    public bool IsLeaving { get; private set; }

    public void Start()
    {
        StartServer();
        StartWorker();
    }

    public void StartServer()
    {
        if (Server is null && !IsLeaving)
        {
            Server = new SimulatedServer(cluster, this, new SimulatedProcess(cluster.Loop, $"{name}#{++_runs}"));
        }
    }

    public void StartWorker() => Worker ??= new SimulatedWriteBehind(cluster, name, new SimulatedProcess(cluster.Loop, $"w{name}#{++_runs}"));

    /// <summary>Its shard is taken out of the view; after a while the server ends for good, and the shard with it.</summary>
    public void Leave(TimeSpan time)
    {
        IsLeaving = true;
        Server?.Leave();
        cluster.Loop.After(time, () =>
        {
            KillServer(null);
            shard.Kill();
        });
    }

    /// <summary>Kills the server; it is started again after a while, or never by itself.</summary>
    public void KillServer(TimeSpan? down)
    {
        if (Server is { } server)
        {
            Server = null;
            server.Process.Crash();
            if (down is { } time)
            {
                cluster.Loop.After(time, StartServer);
            }
        }
    }

    public void KillWorker(TimeSpan down)
    {
        if (Worker is { } worker)
        {
            Worker = null;
            worker.Process.Crash();
            cluster.Loop.After(down, StartWorker);
        }
    }
}
