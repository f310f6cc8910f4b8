using Mjolnir.Servers;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Logs.RabbitMq;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

public sealed class RabbitMqLogBrokerContractTests : LogBrokerContract
{
    private readonly string _cluster = Guid.NewGuid().ToString("N");
    private RabbitMqConnections _connections = null!;
    private RabbitMqLogBroker _broker = null!;

    protected override ILogBroker Broker => _broker;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await OpenAsync();
    }

    public override async Task DisposeAsync()
    {
        await _connections.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override async ValueTask RestartAsync()
    {
        await _connections.DisposeAsync();
        await OpenAsync();
    }

    private async Task OpenAsync()
    {
        var server = await RabbitMqServer.SharedAsync();
        _connections = new(RabbitMqAddress.Parse(server.Url), "tests", TimeProvider.System);
        _broker = new(_connections, _cluster) { SettlingTime = TimeSpan.Zero };
    }
}
