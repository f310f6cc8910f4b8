using Microsoft.Extensions.Logging;
using Mjolnir.Cli.Configuration;
using Mjolnir.WriteBehind;
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

    private WriteBehindPart(WorkerHost host, ViewKeeper keeper, CompactionDuty compaction)
    {
        (_host, _keeper) = (host, keeper);
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
        return new WriteBehindPart(
            new WorkerHost(new WorkerHostOptions
            {
                Name = configuration.Server.Name,
                Run = run,
                Broker = services.Broker,
                Store = services.Store,
                Bus = services.Bus,
                Time = services.Time,
                Failed = (worked, fault) => RoleLog.LogFailed(log, worked, fault),
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
                Failed = fault => RoleLog.KeeperFailed(log, fault),
            }),
            new CompactionDuty(services.Leadership, services.Store, services.Time, new WriteBehindLimits(), static () => Guid.NewGuid().ToString("N"), fault => RoleLog.CompactionFailed(log, fault)));
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
