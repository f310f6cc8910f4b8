using Mjolnir.Running;
using Mjolnir.Services;

namespace Mjolnir.Servers;

/// <summary>A real RabbitMQ for a class of tests: started once, its data deleted afterwards. Tests share it by using cluster names of their own.</summary>
public sealed class RabbitMqServer : IAsyncDisposable
{
    private readonly TestFolder _folder;

    private RabbitMqServer(TestFolder folder, RabbitMqService service) => (_folder, Service) = (folder, service);

    /// <summary>The node: to kill, restart and control it.</summary>
    public RabbitMqService Service { get; }

    /// <summary>How to connect, credentials included.</summary>
    public string Url => Service.Url;

    /// <summary>Starts it in a temporary folder; ready when it returns.</summary>
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
}
