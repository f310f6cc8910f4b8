using Mjolnir.Servers;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Logs.RabbitMq;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

public sealed class RabbitMqAddressTests
{
    private readonly CancellationToken _patience = new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Theory]
    [InlineData("amqp://u:p@a:1,b:2", "a:1, b:2", "u", "/", false)]
    [InlineData("amqp://u:p@a:1/v, amqp://u:p@b:2/v", "a:1, b:2", "u", "v", false)]
    [InlineData("amqp://u:p@a,b/v", "a:5672, b:5672", "u", "v", false)]
    [InlineData("amqps://u:p@a,b:7", "a:5671, b:7", "u", "/", true)]
    [InlineData("amqp://a", "a:5672", "guest", "/", false)]
    [InlineData("amqp://us%40er:p%2Fw@[::1]:9/%2Fv", "::1:9", "us@er", "/v", false)]
    public void An_address_names_nodes_user_and_virtual_host(string text, string endpoints, string user, string virtualHost, bool isTls)
    {
        var address = RabbitMqAddress.Parse(text);
        Assert.Equal((endpoints, user, virtualHost, isTls), (address.ToString(), address.User, address.VirtualHost, address.IsTls));
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://u:secret@a")]
    [InlineData("amqp://u:secret@")]
    [InlineData("amqp://u:secret@a:99999")]
    public void What_is_no_address_is_refused_without_repeating_the_password(string text)
    {
        var message = Assert.Throws<FormatException>(() => RabbitMqAddress.Parse(text)).Message;
        Assert.Contains("amqp://user:password@host:5672", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_said()
    {
        var server = await RabbitMqServer.SharedAsync();
        var message = await FaultAsync($"amqp://mjolnir:secret@127.0.0.1:{server.Service.Port}");
        Assert.Equal($"RabbitMQ at 127.0.0.1:{server.Service.Port} does not let the user 'mjolnir' in: check user and password of the AMQP URL.", message);
    }

    [Fact]
    public async Task A_wrong_virtual_host_is_said()
    {
        var server = await RabbitMqServer.SharedAsync();
        var message = await FaultAsync($"{server.Url}/nowhere");
        Assert.Contains($"RabbitMQ at 127.0.0.1:{server.Service.Port} does not let the user 'mjolnir' use the virtual host 'nowhere'", message, StringComparison.Ordinal);
        Assert.Contains("check the path of the AMQP URL", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public async Task Nodes_that_are_not_there_are_said()
    {
        var ports = Services.Programs.FreePorts(2);
        var message = await FaultAsync($"amqp://u:secret@127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}");
        Assert.StartsWith("RabbitMQ is not reachable at 127.0.0.1:", message, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{ports[0]} (Connection refused", message, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{ports[1]} (Connection refused", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_node_that_answers_is_found_among_those_that_do_not()
    {
        var server = await RabbitMqServer.SharedAsync();
        var dead = Services.Programs.FreePorts(2);
        for (var round = 0; round < 5; round++)
        {
            await using var connections = new RabbitMqConnections(RabbitMqAddress.Parse($"{server.Url.Replace($":{server.Service.Port}", $":{dead[0]}", StringComparison.Ordinal)},127.0.0.1:{dead[1]},127.0.0.1:{server.Service.Port}"), "tests", TimeProvider.System);
            await connections.CheckAsync(_patience);
        }
    }

    private async Task<string> FaultAsync(string url)
    {
        await using var connections = new RabbitMqConnections(RabbitMqAddress.Parse(url), "tests", TimeProvider.System);
        var fault = await Assert.ThrowsAsync<LogUnavailableException>(async () => await connections.CheckAsync(_patience));
        return fault.Message;
    }
}
