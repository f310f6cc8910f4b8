using System.Text.RegularExpressions;
using Mjolnir.Cli.Configuration;
using Mjolnir.Services;
using Mjolnir.Services.Supervision;

namespace Mjolnir.Cli.Up;

/// <summary>Makes the supervised services of a cluster: which program, told what, with its output where.</summary>
internal sealed partial class ClusterProcesses(UpOptions options, bool hasIndexes, UpFolder folder, Ports ports, LogFiles logs, IUpScreen screen, TimeProvider time)
{
    public const string QueueName = "rabbitmq";

    /// <summary>Not "s3": that is the name of the third V-stack.</summary>
    public const string StoreName = "store";

    public const string ProxyName = "proxy";

    /// <summary>What all processes are told alike; queue and store are set once they are known.</summary>
    public StackConfiguration Shared { get; set; } = options.Shared with { Secrets = new SecretsSection { Folder = folder.Secrets } };

    public SupervisedService Queue()
    {
        var settings = new RabbitMqSettings(folder.RabbitMq) { Port = ports.Take() };
        return Make(QueueName, LocalServices.RabbitMq(settings, running => Shared = Shared with { Queue = new QueueSection { Url = running.Url } }));
    }

    public SupervisedService Store()
    {
        var ceph = new CephOptions(folder.Ceph) { Port = ports.Take(), Time = time };
        return Make(StoreName, LocalServices.Ceph(ceph, running => Shared = Shared with
        {
            Store = Shared.Store with
            {
                Endpoint = running.Endpoint.ToString().TrimEnd('/'),
                AccessKey = running.AccessKey,
                SecretKey = running.SecretKey,
                Bucket = Shared.Store.Bucket.Length > 0 ? Shared.Store.Bucket : Shared.Cluster,
            },
        }));
    }

    public VStackServices Stack(string name)
    {
        var (cache, http, peer, worker) = (ports.Take(), ports.Take(), ports.Take(), ports.Take());
        var server = Shared with
        {
            Server = new ServerSection
            {
                Name = name,
                Listen = $"127.0.0.1:{http}",
                Url = $"http://127.0.0.1:{http}",
                Peer = $"127.0.0.1:{peer}",
                Data = folder.Of($"{name} app"),
                SignIn = options.SignIn,
                RateLimit = options.SignIn != AppServer.Http.SignInMode.Open,

                // The proxy, and nobody else on this machine has a reason to.
                TrustedProxies = ["127.0.0.1"],
            },
            Cache = new CacheSection { Nodes = [$"127.0.0.1:{cache}"] },
        };
        var behind = server with { Server = server.Server with { Listen = $"127.0.0.1:{worker}", Url = $"http://127.0.0.1:{worker}", Data = folder.Of($"{name} write-behind") } };
        SupervisedService? indexer = null;
        if (hasIndexes)
        {
            var listen = $"127.0.0.1:{ports.Take()}";
            var indexes = server with { Server = server.Server with { Listen = listen, Url = $"http://{listen}", Data = folder.Of($"{name} indexer") } };
            indexer = Role($"{name} indexer", "indexer", indexes, UpLimits.ServerStop);
        }

        return new VStackServices(
            name,
            server.Server.Url,
            behind.Server.Url,
            Make($"{name} memcached", LocalServices.Memcached(new MemcachedServiceOptions { Port = cache, MemoryMegabytes = options.MemcachedMegabytes })),
            Role($"{name} write-behind", "write-behind", behind, UpLimits.WorkerStop),
            Role($"{name} app", "app", server, UpLimits.ServerStop),
            indexer);
    }

    public SupervisedService Proxy(IReadOnlyList<VStackServices> stacks) => Role(
        ProxyName,
        "proxy",
        Shared with
        {
            // All addresses only where passwords are asked for.
            Proxy = Shared.Proxy with
            {
                Listen = [$"127.0.0.1:{options.Port}"],
                Applications = [new ApplicationEntry { Servers = [.. stacks.Select(stack => stack.Url)] }],
            },
        },
        UpLimits.ServerStop);

    private SupervisedService Role(string name, string word, StackConfiguration configuration, TimeSpan stopPatience)
    {
        Directory.CreateDirectory(folder.Of(name));
        var command = OwnProgram.Role(word, folder.Write(name, configuration));
        return Make(name, ProgramService.Of(name, command, line => ReadyLine.Is(line, word), stopPatience, time));
    }

    private SupervisedService Make(string name, StartService start) => new(name, start, line => Hear(name, line), text => screen.Event($"{name} {text}"), time);

    private void Hear(string name, string line)
    {
        var kept = Colours().Replace(line.Length <= UpLimits.LineLength ? line : line[..UpLimits.LineLength] + " …", "");
        logs.Add(name, kept);

        // What the services say of themselves at length is for their files; how they are, the events tell.
        if (name is not QueueName and not StoreName)
        {
            screen.Output(name, kept);
        }
    }

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Colours();
}
