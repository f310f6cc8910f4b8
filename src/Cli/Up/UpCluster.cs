using Mjolnir.Services.Supervision;

namespace Mjolnir.Cli.Up;

/// <summary>The processes of a cluster on this machine: started in the order in which they need each other, ended in the reverse.</summary>
internal sealed class UpCluster(ClusterProcesses processes, IUpScreen screen, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<SupervisedService> _services = [];
    private readonly List<VStackServices> _stacks = [];
    private SupervisedService? _proxy;

    /// <summary>The V-stacks, first to last.</summary>
    public IReadOnlyList<VStackServices> Stacks
    {
        get
        {
            lock (_gate)
            {
                return [.. _stacks];
            }
        }
    }

    /// <summary>All processes, in the order in which they were started.</summary>
    public IReadOnlyList<SupervisedService> Services
    {
        get
        {
            lock (_gate)
            {
                return [.. _services, .. _stacks.SelectMany(stack => stack.All), .. _proxy is null ? [] : new[] { _proxy }];
            }
        }
    }

    public async Task StartAsync(int stacks, bool withServices, CancellationToken cancellationToken)
    {
        if (withServices)
        {
            var (queue, store) = (Add(processes.Queue()), Add(processes.Store()));
            await AllAsync(TimedAsync(queue, cancellationToken), TimedAsync(store, cancellationToken));
        }

        // The proxy beside the others: it finds servers when they are ready, and need not be waited for then.
        Task[] starting = [.. Enumerable.Range(1, stacks).Select(number => AddStackAsync($"s{number}", cancellationToken))];
        var proxy = processes.Proxy(Stacks);
        lock (_gate)
        {
            _proxy = proxy;
        }

        await AllAsync([.. starting, TimedAsync(proxy, cancellationToken)]);
    }

    /// <summary>Starts one more V-stack: it joins by its beats.</summary>
    public async Task<VStackServices> AddStackAsync(string name, CancellationToken cancellationToken)
    {
        var stack = processes.Stack(name);
        lock (_gate)
        {
            _stacks.Add(stack);
            _stacks.Sort((one, other) => string.CompareOrdinal($"{one.Name.Length:D3}{one.Name}", $"{other.Name.Length:D3}{other.Name}"));
        }

        screen.Event($"{name} starts");
        var began = time.GetTimestamp();
        await stack.StartAsync(cancellationToken);
        screen.Event($"{name} is ready at {stack.Url} after {time.GetElapsedTime(began).TotalSeconds:F1} s");
        return stack;
    }

    /// <summary>Ends a V-stack's processes: server, then indexer, worker, memcached.</summary>
    public async Task RemoveStackAsync(VStackServices stack)
    {
        foreach (var service in stack.All.Reverse())
        {
            await service.StopAsync();
        }

        lock (_gate)
        {
            _stacks.Remove(stack);
        }
    }

    /// <summary>Ends everything: no call is taken any more, what is under way is answered, what the queue holds is stored, then memory and services.</summary>
    public async Task StopAsync()
    {
        if (_proxy is { } proxy)
        {
            await proxy.StopAsync();
        }

        await StopAsync(stack => stack.Server);
        await StopAsync(stack => stack.Indexer);
        await StopAsync(stack => stack.Worker);
        await StopAsync(stack => stack.Memcached);
        await Task.WhenAll(_services.Select(service => service.StopAsync()));
    }

    private Task StopAsync(Func<VStackServices, SupervisedService?> which) => Task.WhenAll(Stacks.Select(stack => which(stack)?.StopAsync() ?? Task.CompletedTask));

    private SupervisedService Add(SupervisedService service)
    {
        lock (_gate)
        {
            _services.Add(service);
        }

        return service;
    }

    private async Task TimedAsync(SupervisedService service, CancellationToken cancellationToken)
    {
        screen.Event($"{service.Status.Name} starts");
        var began = time.GetTimestamp();
        await service.StartAsync(cancellationToken);
        screen.Event($"{service.Status.Name} is ready after {time.GetElapsedTime(began).TotalSeconds:F1} s");
    }

    /// <summary>The first failure ends the waiting: the others are stopped by whoever hears of it.</summary>
    private static async Task AllAsync(params Task[] tasks)
    {
        await foreach (var ended in Task.WhenEach(tasks))
        {
            await ended;
        }
    }
}
