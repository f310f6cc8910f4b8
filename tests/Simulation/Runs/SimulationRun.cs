using Mjolnir.Checking;
using Mjolnir.Simulation.Tests.Cluster;
using Mjolnir.Simulation.Tests.Faults;
using Mjolnir.Simulation.Tests.Judging;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Simulation.Tests.Workloads;

namespace Mjolnir.Simulation.Tests.Runs;

/// <summary>One simulation, from a seed to a verdict.</summary>
internal sealed class SimulationRun
{
    private const int AnomaliesShown = 3;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan WorkPatience = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan HealPatience = TimeSpan.FromMinutes(3);

    private readonly Workload _workload;
    private readonly Clients _clients;

    /// <summary>Makes a run; nothing runs yet.</summary>
    /// <param name="seed">all that happens in it</param>
    /// <param name="isTraced">keep what happens, to be read</param>
    /// <param name="rules">null: all hold</param>
    /// <param name="shortening">null: nothing is left out</param>
    public SimulationRun(long seed, bool isTraced = false, RuleSwitch? rules = null, Shortening? shortening = null)
    {
        shortening ??= new Shortening();
        rules ??= RuleSwitch.AllHold;
        Trace = new SimulationTrace(isTraced);
        Loop = new SimulationLoop(seed, Trace);
        Settings = SimulationSettings.Of(seed);
        Settings = Settings with { Operations = Math.Min(Settings.Operations, shortening.Operations ?? int.MaxValue) };
        Loop.Weather = Settings.Weather;
        _workload = new Workload(seed, Recorder, Settings.Storm);
        Cluster = new SimulatedCluster(Loop, Settings.Stacks, _ => new RecordedEngine(Recorder), rules);
        Troubles = new Troubles(Cluster, Settings.Storm, shortening);
        _clients = new Clients(Cluster, _workload) { HidesIds = rules.V15 };
    }

    public SimulationSettings Settings { get; }

    public SimulationTrace Trace { get; }

    public SimulationLoop Loop { get; }

    public SimulatedCluster Cluster { get; }

    public Troubles Troubles { get; }

    public Recorder Recorder { get; } = new();

    /// <summary>Runs to the end; null if nothing was found.</summary>
    public string? Run()
    {
        Cluster.Start();
        return Until(() => Cluster.Stacks.All(stack => stack.Server is { IsReady: true }), StartPatience, "The servers do not become ready")
            ?? Opened()
            ?? Worked()
            ?? Healed()
            ?? Judged();
    }

    private string? Opened()
    {
        _clients.Run(_workload.Open());
        return Until(() => _clients.Running == 0, HealPatience, "The accounts are not opened");
    }

    private string? Worked()
    {
        Troubles.Begin();
        _clients.Start(Settings.Clients, Settings.Operations, Settings.Thinking);
        return Until(() => _clients.Running == 0, WorkPatience, "The clients do not come to their end");
    }

    private string? Healed()
    {
        Troubles.End();
        if (Until(() => Cluster.Stacks.All(stack => stack.IsLeaving || stack.Server is { IsReady: true, Process.IsPaused: false }), HealPatience, "The servers do not come back") is { } failure)
        {
            return failure;
        }

        foreach (var stack in Cluster.Stacks.Where(stack => !stack.IsLeaving))
        {
            _clients.Run(_workload.ReadAll(), stack.Name);
        }

        return Until(() => _clients.Running == 0, HealPatience, "The last reads are not answered");
    }

    private string? Judged()
    {
        Anomaly[] found = [.. new RunHistory(Recorder, _workload).Check(), .. new StoreJudge(Cluster).Check()];
        return found.Length == 0 ? null : $"{found.Length} anomalies: {string.Join("\n", found.Take(AnomaliesShown))}";
    }

    private string? Until(Func<bool> isDone, TimeSpan patience, string otherwise) =>
        Loop.RunUntil(isDone, patience) ? null : Loop.Failure ?? $"{otherwise} within {patience}.";
}
