using System.Net;
using System.Net.Sockets;
using Mjolnir.AppServer.Http;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Status;
using Mjolnir.Cli.Telemetry;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Cli.Dev;

/// <summary>
/// One run of <c>dev</c>: 1. read the application, 2. recover the data, 3. seed what is new, 4. serve, 5. reload when files change, until 6. a stop.
/// </summary>
internal sealed class DevSession(DevOptions options, DevScreen screen)
{
    private readonly TimeProvider _time = TimeProvider.System;

    public async Task<int> RunAsync(StopSignal stop)
    {
        var began = _time.GetTimestamp();
        if (AppFolder.Load(options.Folder, Console.Error) is not { } application)
        {
            return ExitCodes.Failed;
        }

        RequireFreePort();
        await using var stack = await RecoverAsync(stop.Token);
        await stack.KeepIndexesAsync(application);
        var unique = new UniqueBuilder(stack.Router, stack.Queries, _time);
        await unique.DeclareAsync(application, stop.Token);
        await SeedAsync(stack, application, stop.Token);
        var duplicates = await MakeUniqueAsync(unique, application, isStart: true, stop.Token);
        var applications = new ApplicationSlot(application);
        await using var http = await ListenAsync(stack, applications);
        DataFolder.WriteAddress(options.Data, http.Url);
        screen.Started(options, application, http.Url, stack, _time.GetElapsedTime(began));
        screen.Duplicates(duplicates);
        var reloading = options.Reload ? ReloadAsync(stack, applications, stop.Token) : Task.CompletedTask;
        var fault = await StopAskedAsync(stop, stack, reloading);
        screen.Stopping();
        await StopAsync(http, stack);
        return fault is null ? ExitCodes.Ok : throw fault;
    }

    /// <summary>Waits for Ctrl-C, or for a part that stopped on a broken rule.</summary>
    private static async Task<Exception?> StopAskedAsync(StopSignal stop, EmbeddedStack stack, Task reloading)
    {
        var asked = stop.Asked;
        var first = await Task.WhenAny(asked, stack.Failed, Faulted(reloading));
        return first == asked ? null : first == stack.Failed ? await stack.Failed : reloading.Exception!.InnerException;
    }

    private static Task Faulted(Task task) =>
        task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default)
            .ContinueWith(static ended => ended.IsCanceled ? Task.Delay(Timeout.Infinite) : Task.CompletedTask, TaskScheduler.Default).Unwrap();

    private async Task StopAsync(AppServerHttp http, EmbeddedStack stack)
    {
        using var patience = new CancellationTokenSource(CliLimits.StopPatience, _time);
        DataFolder.RemoveAddress(options.Data);
        await http.StopAsync(patience.Token);
        await stack.StopAsync(patience.Token);
    }

    /// <summary>Said before the data is touched: recovering them only to fail at the port would waste the author's time.</summary>
    private void RequireFreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, options.Port));
        }
        catch (SocketException fault) when (fault.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new FailureException($"port {options.Port} is in use by another program", $"Stop it, or choose another port: --port {options.Port + 1}", fault);
        }
        catch (SocketException fault) when (fault.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new FailureException($"port {options.Port} may not be used by this user", "Choose a port above 1023: --port 8080", fault);
        }
    }

    private async Task<EmbeddedStack> RecoverAsync(CancellationToken cancellationToken)
    {
        var embedded = new EmbeddedOptions(options.Data, options.Stacks, ScriptEngines.Create, _time, new Random()) { Violated = screen.Violated };
        return await screen.WithProgressAsync<EmbeddedStack>("Recovering", progress => EmbeddedStack.StartAsync(embedded, progress.OfRecovery(), cancellationToken));
    }

    private async Task SeedAsync(EmbeddedStack stack, Application application, CancellationToken cancellationToken) =>
        await screen.WithProgressAsync("Seeding", async progress =>
        {
            await new Seeder(stack.Router, _time).RunAsync(application, progress.OfSeeding(), cancellationToken);
            return true;
        });

    private Task<IReadOnlyList<UniqueDuplicate>> MakeUniqueAsync(UniqueBuilder unique, Application application, bool isStart, CancellationToken cancellationToken) =>
        screen.WithProgressAsync("Unique indexes", progress => unique.BuildAsync(application, isStart, progress.OfUnique(), cancellationToken));

    private async Task<AppServerHttp> ListenAsync(EmbeddedStack stack, ApplicationSlot applications)
    {
        var reader = new StatusReader(stack, applications, _time);
        var http = new AppServerHttp(new AppServerHttpOptions
        {
            Router = stack.Router,
            Applications = applications,
            SecretsFolder = options.Data,
            SignIn = options.SignIn,
            Port = options.Port,
            Development = true,
            CallRate = options.RateLimit ? new RateLimit(AppServer.AppServerLimits.CallsPerSecond, AppServer.AppServerLimits.CallBurst) : null,
            Time = _time,
            WriteStatus = reader.Write,
            WriteMetrics = writer =>
            {
                AuditMetrics.Write(writer, stack.Alarms);
                AuditMetrics.Write(writer, stack.Auditor.Figures, stack.AuditRequests);
            },
        });
        await http.StartAsync(CancellationToken.None);
        return http;
    }

    /// <summary>The last good version is served until the next one has no mistakes.</summary>
    private async Task ReloadAsync(EmbeddedStack stack, ApplicationSlot applications, CancellationToken cancellationToken)
    {
        using var watcher = new ApplicationWatcher(options.Folder);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await watcher.WaitForChangeAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (AppFolder.Load(options.Folder, Console.Error) is not { } next)
            {
                screen.Kept(applications.Current);
            }
            else if (next.Name != applications.Current.Name)
            {
                screen.Renamed(applications.Current, next);
            }
            else if (next.Version != applications.Current.Version)
            {
                await SeedAsync(stack, next, cancellationToken);
                await stack.KeepIndexesAsync(next);

                // Calls of the next version are refused where they change values of an index that is not ready, and those of this one know nothing of it: so first one, then the other.
                var unique = new UniqueBuilder(stack.Router, stack.Queries, _time);
                await unique.DeclareAsync(next, cancellationToken);
                applications.Replace(next);
                screen.Duplicates(await MakeUniqueAsync(unique, next, isStart: false, cancellationToken));
                screen.Reloaded(next);
            }
        }
    }
}
