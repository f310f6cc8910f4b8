using Microsoft.Extensions.Logging;
using Mjolnir.Cli.Configuration;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Cluster;
using Mjolnir.WriteBehind;
using Mjolnir.WriteBehind.Auditing;
using Mjolnir.WriteBehind.Compaction;
using Mjolnir.WriteBehind.Views;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Cli.Roles;

/// <summary>The write-behind work of a process: the workers of logs, and the keeper of the view when this process is the one.</summary>
internal sealed class WriteBehindPart : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly WorkerHost _host;
    private readonly ViewKeeper _keeper;
    private readonly Task _working;
    private readonly Task _keeping;
    private readonly Task _compacting;
    private readonly HeardCluster _heard;
    private readonly Auditor _auditor;
    private readonly IndexFeed _feed;
    private readonly Task _auditing;

    private WriteBehindPart(WorkerHost host, ViewKeeper keeper, CompactionDuty compaction, HeardCluster heard, Auditor auditor, IndexFeed feed, bool isAuditing)
    {
        (_host, _keeper, _heard, _auditor, _feed) = (host, keeper, heard, auditor, feed);
        _auditing = isAuditing ? Task.Run(() => auditor.RunAsync(_stop.Token)) : Task.CompletedTask;
        _compacting = Task.Run(() => compaction.RunAsync(_stop.Token));
        _working = Task.Run(() => host.RunAsync(_stop.Token));
        _keeping = Task.Run(() => keeper.RunAsync(_stop.Token));
    }

    /// <summary>The workers.</summary>
    public WorkerHost Host => _host;

    /// <summary>The keeper.</summary>
    public ViewKeeper Keeper => _keeper;

    /// <summary>Ends only when it is stopped, or with a fault that the process must not outlive.</summary>
    public Task Running => Task.WhenAny(_working, _keeping, _compacting).Unwrap();

    public static WriteBehindPart Start(StackConfiguration configuration, ClusterServices services, ILoggerFactory logs)
    {
        var log = logs.CreateLogger("Mjolnir.WriteBehind");
        var run = Guid.NewGuid().ToString("N");
        RoleLog.Starting(log, $"write-behind {configuration.Server.Name}", run, configuration.Cluster);
        var logged = new LogSample(Random.Shared.Next());
        var feed = new IndexFeed(services, fault => RoleLog.Troubled(log, $"the feed of indexers: {fault.Message}"));
        var heard = new HeardCluster(services.Bus, services.Time);
        var pause = TimeSpan.FromSeconds(configuration.Audit.Pause);
        var auditor = services.Auditor = new Auditor(new AuditorOptions
        {
            Store = services.AuditStore,
            Connect = services.Connect,
            Cluster = heard,
            Logged = logged,
            Differs = difference => RoleLog.Raise(log, services.Alarms, difference),
            Failed = fault => RoleLog.AuditorFailed(log, fault),
            Seed = Random.Shared.Next(),
            Time = services.Time,
            Limits = new AuditLimits { RoundPause = pause },
        });
        return new WriteBehindPart(
            new WorkerHost(new WorkerHostOptions
            {
                Name = configuration.Server.Name,
                Run = run,
                Broker = services.Broker,
                Store = services.Store,
                Bus = services.Bus,
                Time = services.Time,
                Consumed = batch =>
                {
                    logged.Offer(batch);
                    feed.Offer(batch);
                },
                Audit = () => Beat(services, auditor),
                Damaged = (worked, fault) => RoleLog.RaiseIfAny(log, services.Alarms, $"log {worked}", fault),
                Failed = (worked, fault) => LogFailed(log, services.Alarms, worked, fault),
            }),
            new ViewKeeper(new ViewKeeperOptions
            {
                Run = run,
                Broker = services.Broker,
                Store = services.Store,
                Bus = services.Bus,
                Leadership = services.Leadership,
                Connect = services.Connect,
                Time = services.Time,
                Report = what => RoleLog.Keeper(log, what),
                Damaged = rows => RoleLog.Raise(log, services.Alarms, Violation.Of(rows.Words, rows.Fault)),
                Failed = fault =>
                {
                    RoleLog.RaiseIfAny(log, services.Alarms, "the view", fault);
                    RoleLog.KeeperFailed(log, fault);
                },
            }),
            new CompactionDuty(services.Leadership, services.Store, services.Time, new WriteBehindLimits(), static () => Guid.NewGuid().ToString("N"), fault =>
            {
                RoleLog.RaiseIfAny(log, services.Alarms, "compaction", fault);
                RoleLog.CompactionFailed(log, fault);
            }),
            heard,
            auditor,
            feed,
            pause > TimeSpan.Zero);
    }

    private static AuditBeat Beat(ClusterServices services, Auditor auditor)
    {
        var figures = auditor.Figures;
        return new AuditBeat(figures.Rows, figures.Rounds, figures.Differences, services.Alarms.Total);
    }

    private static void LogFailed(ILogger log, Alarms alarms, string worked, Exception fault)
    {
        var violation = Violation.Of($"log {worked}", fault);
        alarms.Raise(violation);
        RoleLog.LogFailed(log, worked, Alarms.NameOf(violation.Kind), violation.What, fault);
    }

    /// <summary>Stores what was consumed, then ends. What is not stored in time stays in the queues for the next worker.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(RoleLimits.StorePatience);
        await EndedAsync(_host.StopAsync(patience.Token));
        await _stop.CancelAsync();
        await EndedAsync(_working);
        await EndedAsync(_keeping);
        await EndedAsync(_compacting);
        await EndedAsync(_auditing);
        await _auditor.DisposeAsync();
        await _feed.DisposeAsync();
        _heard.Dispose();
        _stop.Dispose();
    }

    private static async Task EndedAsync(Task part)
    {
        try
        {
            await part;
        }
        catch (OperationCanceledException)
        {
            // It was told to end, or did not end in time.
        }
    }
}
