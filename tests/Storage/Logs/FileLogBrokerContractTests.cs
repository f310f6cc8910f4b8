using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>The contract over files of the usual size.</summary>
public sealed class FileLogBrokerContractTests : FileLogBrokerContract
{
    protected override FileLogLimits Limits => FileLogLimits.Default;
}

/// <summary>The contract where every limit is met all the time: two messages to a chunk, no memory for the consumer, one message per read.</summary>
public sealed class FileLogBrokerContractAtItsLimitsTests : FileLogBrokerContract
{
    protected override FileLogLimits Limits => new() { ChunkBytes = 100, GroupBytes = 50, TailBytes = 0, ReadMessages = 1, ReadBytes = 1, WindowBytes = 40 };
}

public abstract class FileLogBrokerContract : LogBrokerContract
{
    private readonly TemporaryFolder _folder = new();
    private FileLogBroker? _broker;

    protected abstract FileLogLimits Limits { get; }

    protected override ILogBroker Broker => _broker ??= new FileLogBroker(_folder, Limits);

    public override async Task DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
        await base.DisposeAsync();
    }

    protected override ValueTask RestartAsync() => CloseAsync();

    private async ValueTask CloseAsync()
    {
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
            _broker = null;
        }
    }
}
