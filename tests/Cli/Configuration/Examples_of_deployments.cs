using System.Text.Json;
using System.Text.RegularExpressions;
using Mjolnir.Cli.Configuration;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Configuration;

/// <summary>What <c>deploy</c> gives an operator to begin with: configurations that the roles take as they are, and units that find them.</summary>
public sealed partial class Examples_of_deployments
{
    private static readonly string Deploy = Path.Combine(Repository.Root, "deploy");

    [Theory]
    [InlineData("App", "s1.json")]
    [InlineData("WriteBehind", "s1-worker.json")]
    [InlineData("Indexer", "s1-indexer.json")]
    [InlineData("Proxy", "proxy.json")]
    public void Each_role_takes_its_example(string role, string file)
    {
        var read = Read(Enum.Parse<StackRole>(role), file);

        Assert.Equal("/etc/mjolnir/secrets", read.Secrets.Folder);
        Assert.StartsWith("amqp://", read.Queue.Url);
    }

    [Fact]
    public void The_parts_of_a_V_stack_agree_with_each_other()
    {
        var (app, worker, indexer, proxy) = (Read(StackRole.App, "s1.json"), Read(StackRole.WriteBehind, "s1-worker.json"), Read(StackRole.Indexer, "s1-indexer.json"), Read(StackRole.Proxy, "proxy.json"));
        var memcached = Variables("s1-memcached.env");

        Assert.All([worker, indexer], part => Assert.Equal((app.Cluster, app.Server.Name, app.Store.Bucket), (part.Cluster, part.Server.Name, part.Store.Bucket)));
        Assert.Equal(ApplicationOf("s1.json"), ApplicationOf("s1-indexer.json"));
        Assert.Equal([$"{memcached["LISTEN"]}:{memcached["PORT"]}"], app.Cache.Nodes);
        Assert.Contains(app.Server.Url, proxy.Proxy.Applications[0].Servers);
        Assert.Distinct([PortOf(app.Server.Listen), PortOf(app.Server.Peer), PortOf(worker.Server.Listen), PortOf(indexer.Server.Listen), memcached["PORT"]]);
    }

    /// <summary>Whatever a unit names in /etc/mjolnir has an example of that name, for the instance s1.</summary>
    [Fact]
    public void Each_unit_finds_what_the_examples_are_called()
    {
        foreach (var unit in Directory.GetFiles(Path.Combine(Deploy, "systemd")))
        {
            var named = Named().Matches(File.ReadAllText(unit).Replace("%i", "s1", StringComparison.Ordinal));
            Assert.NotEmpty(named);
            Assert.All(named, match => Assert.True(File.Exists(Path.Combine(Deploy, "examples", match.Groups[1].Value)), $"{Path.GetFileName(unit)} names {match.Value}, which is no example"));
        }
    }

    [GeneratedRegex("/etc/mjolnir/([a-z0-9.-]+)")]
    private static partial Regex Named();

    /// <summary>With files that are here: the example's are on the operator's machine.</summary>
    private static StackConfiguration Read(StackRole role, string file) =>
        ConfigurationReader.Read(role, Path.Combine(Deploy, "examples", file), [.. Secrets(), new("Application", Repository.Bank), .. CertificateHere(role)]);

    private static KeyValuePair<string, string?>[] CertificateHere(StackRole role) => role != StackRole.Proxy ? [] :
        [new("Proxy:Certificates:0:Certificate", Path.Combine(Repository.Root, "README.md")), new("Proxy:Certificates:0:Key", Path.Combine(Repository.Root, "README.md"))];

    private static string PortOf(string address) => address[(address.LastIndexOf(':') + 1)..];

    private static string ApplicationOf(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Deploy, "examples", file)));
        return json.RootElement.GetProperty("Application").GetString()!;
    }

    private static IEnumerable<KeyValuePair<string, string?>> Secrets() =>
        Variables("secrets.env").Select(variable => new KeyValuePair<string, string?>(variable.Key["Mjolnir__".Length..].Replace("__", ":", StringComparison.Ordinal), variable.Value));

    private static Dictionary<string, string> Variables(string file) =>
        File.ReadLines(Path.Combine(Deploy, "examples", file)).Where(line => !line.StartsWith('#')).Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
}
