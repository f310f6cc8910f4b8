using System.Net;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Dev;
using Mjolnir.Cli.Telemetry;

namespace Mjolnir.Cli.Roles;

/// <summary><c>write-behind</c>: workers of the logs, and a candidate for keeping the view.</summary>
internal sealed class WriteBehindRole : IRole
{
    public async Task<int> RunAsync(StackConfiguration configuration, StopSignal stop)
    {
        using var traces = TraceExport.Start(configuration.Telemetry, "write-behind", configuration.Server.Name);
        using var logs = RoleLogs.Create(configuration.Logs);
        ListenAddress.RequireFree("Server:Listen", IPEndPoint.Parse(configuration.Server.Listen));
        var secrets = ClusterSecrets.Load(configuration.Secrets);
        var log = logs.CreateLogger("Mjolnir.WriteBehind");
        await using var services = await ClusterServices.ConnectAsync(
            configuration, $"write-behind {configuration.Server.Name}", hearsCommits: false, RoleLimits.ServicePatience, what => RoleLog.Waits(log, what), TimeProvider.System, stop.Token);
        services.Troubled += what => RoleLog.Troubled(log, what);
        await using var part = WriteBehindPart.Start(configuration, services, logs);
        await using var http = await WorkerHttp.StartAsync(configuration, services, part, secrets, stop.Token);
        Console.Out.WriteLine(ReadyLine.Of("write-behind", configuration.Server.Name, $"http://{configuration.Server.Listen}"));
        var running = part.Running;
        if (await Task.WhenAny(stop.Asked, running) == running)
        {
            await running;
        }

        return ExitCodes.Ok;
    }
}
