using Mjolnir.Running;
using Mjolnir.Services;

namespace Mjolnir.Servers;

/// <summary>A real RabbitMQ for tests. Starting takes some seconds, so a test process shares one (<see cref="SharedAsync"/>), and each test takes a cluster name of its own.</summary>
public sealed class RabbitMqServer : IAsyncDisposable
{
    private static readonly Lazy<Task<RabbitMqServer>> Shared = new(StartSharedAsync);

    private readonly TestFolder _folder;

    private RabbitMqServer(TestFolder folder, RabbitMqService service) => (_folder, Service) = (folder, service);

    /// <summary>The node: to kill, restart and control it.</summary>
    public RabbitMqService Service { get; }

    /// <summary>How to connect, credentials included.</summary>
    public string Url => Service.Url;

    /// <summary>The one server of this test process. Never stop, kill or block this one.</summary>
    public static Task<RabbitMqServer> SharedAsync() => Shared.Value;

    /// <summary>A server of its own, for tests that do such things to it, in a temporary folder that is deleted afterwards.</summary>
    public static async Task<RabbitMqServer> StartAsync()
    {
        var folder = new TestFolder();
        try
        {
            return new(folder, await RabbitMqService.StartAsync(new(folder.At("rabbitmq")), CancellationToken.None));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<RabbitMqServer> StartSharedAsync()
    {
        var server = await StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().Wait(RabbitMqLimits.StopPatience);
        return server;
    }
}
