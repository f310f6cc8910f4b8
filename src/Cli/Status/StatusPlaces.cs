using Mjolnir.AppServer.Sessions;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Up;

namespace Mjolnir.Cli.Status;

/// <summary>Whom to ask about a cluster, and with which token.</summary>
/// <param name="Token">the cluster's status token</param>
/// <param name="Servers">app servers that are known; others are learned from them</param>
/// <param name="Workers">write-behind processes that serve a status</param>
internal sealed record ClusterPlace(string Token, IReadOnlyList<(string Name, string Url)> Servers, IReadOnlyList<(string Name, string Url)> Workers)
{
    /// <summary>Reads the place anew: <c>scale</c> changes the processes of <c>up</c>. Null: a configuration, which names some servers and never all.</summary>
    public Func<ClusterPlace>? Anew { get; init; }
}

/// <summary>Finds what <c>status</c> is to show: by a data folder, a configuration, or a URL.</summary>
internal static class StatusPlaces
{
    private const string UsualData = ".mjolnir";

    /// <summary>The cluster that is meant; null: it is a server alone (embedded stack).</summary>
    public static ClusterPlace? Cluster(Uri? url, string? data, string? config)
    {
        if (config is not null)
        {
            return OfConfiguration(ConfigurationReader.Read(StackRole.Cluster, config, []), url);
        }

        return OfDeployment(UpPlaces.Find(data), url);
    }

    /// <summary>What <c>up</c> runs now; null: it does not run.</summary>
    private static ClusterPlace? OfDeployment(UpFolder folder, Uri? url)
    {
        if (folder.ReadDeployment() is not { } deployment)
        {
            return null;
        }

        var place = new ClusterPlace(
            Token(deployment.Secrets),
            url is null ? [.. deployment.Stacks.Select(stack => (stack.Name, stack.Server))] : [("", url.ToString())],
            [.. deployment.Stacks.Select(stack => (stack.Name, stack.Worker))]);
        return url is null ? place with { Anew = () => OfDeployment(folder, url) ?? place } : place;
    }

    /// <summary>The server alone that is meant.</summary>
    public static (Uri Url, string Token) Server(Uri? given, string? named)
    {
        var data = Path.GetFullPath(named ?? UsualData);
        if (!Directory.Exists(data))
        {
            throw new FailureException($"there is no data folder {data}", "Name it: mjolnir status --data DIR");
        }

        var url = given ?? DataFolder.ReadAddress(data) ?? throw new FailureException($"no server uses {data} now", "Start one: mjolnir dev APP --data DIR, or mjolnir up APP");
        return (url, DataFolder.StatusToken(data));
    }

    private static ClusterPlace OfConfiguration(StackConfiguration configuration, Uri? url)
    {
        var application = configuration.Proxy.Applications.FirstOrDefault();
        var secrets = application?.Secrets is { Length: > 0 } own ? own : configuration.Secrets.Folder;
        if (secrets.Length == 0)
        {
            throw new FailureException("the configuration names no Secrets:Folder", "The status wants the token of its secrets.json.") { ExitCode = ExitCodes.Usage };
        }

        var servers = url is not null ? [("", url.ToString())]
            : application is not null ? application.Servers.Select(server => ("", server)).ToList()
            : [(configuration.Server.Name, configuration.Server.Url.Length > 0 ? configuration.Server.Url : $"http://{configuration.Server.Listen}")];
        return new ClusterPlace(Token(secrets), servers, []);
    }

    private static string Token(string folder)
    {
        var path = Path.Combine(folder, SecretsFile.FileName);
        return File.Exists(path) ? SecretsFile.Load(path).StatusToken
            : throw new FailureException($"there is no {path}", "It is made by the first server that starts; copy it from there.");
    }
}
