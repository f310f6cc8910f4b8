using System.Net;
using System.Net.Sockets;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Services;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

public sealed class RabbitMqServiceTests
{
    [Fact]
    public async Task A_port_in_use_is_said_before_anything_is_started()
    {
        using var folder = new TestFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var fault = await Assert.ThrowsAsync<ServiceFailedException>(() => RabbitMqService.StartAsync(new(folder.At("rabbitmq")) { Port = port }, CancellationToken.None));
        Assert.Contains($"RabbitMQ cannot listen on 127.0.0.1:{port}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_cannot_start_says_why()
    {
        using var folder = new TestFolder();
        folder.Write("rabbitmq/data", "a file where the folder belongs");
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => RabbitMqService.StartAsync(new(folder.At("rabbitmq")), CancellationToken.None));
        Assert.Contains(folder.At("rabbitmq", "data"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_stopped_in_order_leaves_no_process_and_keeps_its_secrets_to_itself()
    {
        await using var server = await RabbitMqServer.StartAsync();
        var (id, url) = (server.Service.ProcessId, server.Url);
        await server.Service.StopAsync();
        Assert.False(Signals.Send(id, 0));
        await server.Service.RestartAsync(CancellationToken.None);
        Assert.Equal(url, server.Url);
        Assert.NotEqual(id, server.Service.ProcessId);
    }
}
