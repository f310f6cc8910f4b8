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

    /// <summary>Operations that were answered and are gone, because queues were lost.</summary>
    public IReadOnlyList<Operation> Lost { get; private set; } = [];

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
        return Until(() => _clients.Running == 0, HealPatience, "The accounts are not opened") ?? Kept();
    }

    /// <summary>Where queues are to be lost, the accounts are stored before.</summary>
    private string? Kept() =>
        Settings.Storm.Kind == StormKind.Losses ? Until(() => !Cluster.Broker.Queues.Any(StoreJudge.HasUnstored), HealPatience, "The accounts are not stored") : null;

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
        var store = new StoreJudge(Cluster);
        Anomaly[] ofStore = [.. store.Check()];
        Anomaly[] found = [.. store.Logs is { } logs ? Told(new DurableRuns(logs, Recorder)) : new RunHistory(Recorder, _workload, static _ => true).Check(), .. ofStore];
        return found.Length == 0 ? null : $"{found.Length} anomalies: {string.Join("\n", found.Take(AnomaliesShown))}";
    }

    /// <summary>
    /// What clients were told, held against what is durable. Where no queue was lost, all of it is. Else it may be gone if it was asked for before the store was cut; what was told before the loss was right then, and
    /// all that is left is one history, as if the rest had never been.
    /// </summary>
    private IEnumerable<Anomaly> Told(DurableRuns durable)
    {
        Lost = [.. Recorder.Operations.Where(operation => !durable.Hold(operation))];
        foreach (var operation in Lost.Where(operation => Cluster.CutAt is not { } cut || operation.Started >= cut))
        {
            yield return new Anomaly("lost", $"{operation} was answered, by run {operation.ToldRun}, and the logs do not have all that it read and wrote: {Recorder.Attempts[operation.ToldRun]}");
        }

        var lost = Lost.ToHashSet();
        foreach (var anomaly in new RunHistory(Recorder, _workload, operation => !lost.Contains(operation)).Check())
        {
            yield return anomaly;
        }

        if (lost.Count > 0 && Cluster.Broker.Losses is [var first, ..])
        {
            foreach (var anomaly in new RunHistory(Recorder, _workload, operation => operation.Ended <= first.At).Check())
            {
                yield return anomaly with { Explanation = $"before the loss: {anomaly.Explanation}" };
            }
        }
    }

    private string? Until(Func<bool> isDone, TimeSpan patience, string otherwise) =>
        Loop.RunUntil(isDone, patience) ? null : Loop.Failure ?? $"{otherwise} within {patience}.";
}
