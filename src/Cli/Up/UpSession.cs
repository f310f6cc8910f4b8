using Mjolnir.AppServer.Sessions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Dev;
using Mjolnir.Cli.Roles;
using Mjolnir.Cli.Status;
using Mjolnir.Services;
using Mjolnir.Storage.Folders;

namespace Mjolnir.Cli.Up;

/// <summary>
/// One run of <c>up</c>: 1. check the application and what must be free, 2. start queue and store if asked to, 3. start the V-stacks, 4. the proxy, 5. show and scale, until 6. a stop:
/// everything ends in the order in which nothing is lost or left unanswered. Whatever goes wrong on the way, nothing is left behind.
/// </summary>
internal sealed class UpSession(UpOptions options, IUpScreen screen, TimeProvider time)
{
    private readonly UpFolder _folder = new(options.Data);

    public async Task<int> RunAsync(StopSignal stop)
    {
        if (AppFolder.Load(options.Folder, Console.Error) is not { } application)
        {
            return ExitCodes.Failed;
        }

        UpRequirements.Check(options, _folder);
        var told = options with { Shared = options.Shared with { Application = options.Folder, Cluster = ClusterName(application.Name) } };
        if (!options.WithServices)
        {
            await ServicesAnswerAsync(told.Shared, stop.Token);
        }

        _folder.Create();
        using var held = Lock();
        using var logs = new LogFiles(_folder, time);
        SecretsFile.LoadOrCreate(_folder.Secrets, time);
        var cluster = new UpCluster(new ClusterProcesses(told, application.Tables.Values.Any(table => !table.Indexes.IsEmpty), _folder, new Ports(_folder.Root), logs, screen, time), screen, time);
        try
        {
            await RunAsync(cluster, application.Name, stop);
            return ExitCodes.Ok;
        }
        catch (ServiceFailedException fault)
        {
            throw new FailureException(fault.Message, $"What every process wrote is in {Path.GetDirectoryName(_folder.LogFile("x"))}", fault);
        }
        finally
        {
            screen.Event("stopping");
            _folder.RemoveDeployment();
            await cluster.StopAsync();
        }
    }

    private async Task RunAsync(UpCluster cluster, string application, StopSignal stop)
    {
        await cluster.StartAsync(options.Stacks, options.WithServices, stop.Token);
        var url = new Uri($"http://127.0.0.1:{options.Port}/");
        await ServesPagesAsync(url, stop.Token);
        using var reader = new ClusterStatusReader(SecretsFile.LoadOrCreate(_folder.Secrets, time).StatusToken, UpLimits.Answer);
        var scaling = new Scaling(cluster, _folder, time, stacks => _folder.WriteDeployment(DeploymentOf(application, url, stacks)));
        _folder.WriteDeployment(DeploymentOf(application, url, cluster.Stacks));
        await using var control = ControlServer.Listen(_folder.ControlSocket, new ControlCommands(cluster, scaling).RunAsync);
        await using var shown = screen.Show(url, cancellationToken => LookAsync(cluster, reader, url, cancellationToken));
        await stop.Asked;
    }

    private string ClusterName(string application) => options.Shared.Cluster == new StackConfiguration().Cluster ? application : options.Shared.Cluster;

    private Deployment DeploymentOf(string application, Uri url, IReadOnlyList<VStackServices> stacks) =>
        new(application, url.ToString(), _folder.Secrets, [.. stacks.Select(stack => new DeployedStack(stack.Name, stack.Url, stack.WorkerUrl))]);

    private static async Task<ClusterLook> LookAsync(UpCluster cluster, ClusterStatusReader reader, Uri url, CancellationToken cancellationToken)
    {
        var stacks = cluster.Stacks;
        var addresses = stacks.ToDictionary(stack => $"{stack.Name} app", stack => stack.Url);
        addresses[ClusterProcesses.ProxyName] = url.ToString();
        var status = await reader.ReadAsync(stacks.Select(stack => (stack.Name, stack.Url)), stacks.Select(stack => (stack.Name, stack.WorkerUrl)), cancellationToken);
        return new ClusterLook([.. cluster.Services.Select(service => service.Status)], addresses, status);
    }

    /// <summary>Queue and store are others' affair: whether they are there and let us in is asked once, here, and not by every process of the cluster.</summary>
    private async Task ServicesAnswerAsync(StackConfiguration shared, CancellationToken cancellationToken)
    {
        await using var services = await ClusterServices.ConnectAsync(shared, "up", hearsCommits: false, UpLimits.ServicePatience, what => screen.Event($"waiting: {what}"), time, cancellationToken);
    }

    private FolderLock Lock()
    {
        try
        {
            return FolderLock.Acquire(_folder.Root, UpFolder.LockFile);
        }
        catch (FolderInUseException fault)
        {
            throw new FailureException($"another 'mjolnir up' runs on {_folder.Root}", "Stop it, or give this one a folder of its own: --data DIR", fault);
        }
    }

    /// <summary>The proxy is ready before it knows servers: the address is told when a page comes.</summary>
    private async Task ServesPagesAsync(Uri url, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = UpLimits.Answer };
        for (var began = time.GetTimestamp(); ;)
        {
            var problem = await ProblemAsync(http, url, cancellationToken);
            if (problem is null)
            {
                return;
            }

            if (time.GetElapsedTime(began) > UpLimits.FirstPage)
            {
                throw new FailureException($"the proxy at {url} serves no page after {UpLimits.FirstPage.TotalSeconds:0} s: {problem}", $"Its log: {_folder.LogFile(ClusterProcesses.ProxyName)}");
            }

            await Task.Delay(UpLimits.Poll, time, cancellationToken);
        }
    }

    private static async Task<string?> ProblemAsync(HttpClient http, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(url, cancellationToken);
            return (int)answer.StatusCode < 500 ? null : $"it answers {(int)answer.StatusCode}";
        }
        catch (HttpRequestException fault)
        {
            return fault.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "no answer";
        }
    }
}
