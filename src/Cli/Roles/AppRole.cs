using System.Net;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Dev;
using Mjolnir.Cli.Telemetry;

namespace Mjolnir.Cli.Roles;

/// <summary><c>app</c>: one app server.</summary>
internal sealed class AppRole : IRole
{
    public async Task<int> RunAsync(StackConfiguration configuration, StopSignal stop)
    {
        if (AppFolder.Load(configuration.Application, Console.Error) is not { } application)
        {
            return ExitCodes.Failed;
        }

        var section = configuration.Server;
        ListenAddress.RequireFree("Server:Listen", IPEndPoint.Parse(section.Listen));
        ListenAddress.RequireFree("Server:Peer", section.PeerEndPoint());
        ClusterSecrets.Load(configuration.Secrets);
        using var traces = TraceExport.Start(configuration.Telemetry, "app", configuration.Server.Name);
        using var logs = RoleLogs.Create(configuration.Logs);
        await using var server = await ClusterServer.StartAsync(configuration, application, logs, stop.Token);
        await using var workers = configuration.Server.Workers ? WriteBehindPart.Start(configuration, server.Services, logs) : null;
        Console.Out.WriteLine(ReadyLine.Of("app", configuration.Server.Name, $"{server.Url} (view {server.View})"));
        var failed = server.FailedAsync();
        if (await Task.WhenAny(stop.Asked, server.Left, failed) == failed)
        {
            // Nothing is tidied up behind a broken rule: parts may wait for the lane that is gone. The process ends, and the next one recovers.
            var fault = await failed;
            RoleLog.ServerFailed(logs.CreateLogger("Mjolnir.App"), fault);
            logs.Dispose();
            Environment.Exit(ExitCodes.Failed);
        }

        return ExitCodes.Ok;
    }
}
