using System.Net;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Dev;

namespace Mjolnir.Cli.Roles;

/// <summary><c>indexer</c>: keeps the application's indexes and answers questions to them.</summary>
internal sealed class IndexerRole : IRole
{
    public async Task<int> RunAsync(StackConfiguration configuration, StopSignal stop)
    {
        if (AppFolder.Load(configuration.Application, Console.Error) is not { } application)
        {
            return ExitCodes.Failed;
        }

        using var logs = RoleLogs.Create(configuration.Logs);
        ListenAddress.RequireFree("Server:Listen", IPEndPoint.Parse(configuration.Server.Listen));
        var secrets = ClusterSecrets.Load(configuration.Secrets);
        var log = logs.CreateLogger("Mjolnir.Indexer");
        await using var services = await ClusterServices.ConnectAsync(
            configuration, $"indexer {configuration.Server.Name}", hearsCommits: false, RoleLimits.ServicePatience, what => RoleLog.Waits(log, what), TimeProvider.System, stop.Token);
        services.Troubled += what => RoleLog.Troubled(log, what);
        await using var part = await IndexerPart.StartAsync(configuration, application, services, logs);
        await using var http = await IndexerHttp.StartAsync(configuration, services, part, secrets, stop.Token);
        Console.Out.WriteLine(ReadyLine.Of("indexer", configuration.Server.Name, $"http://{configuration.Server.Listen}"));
        await stop.Asked;
        return ExitCodes.Ok;
    }
}
