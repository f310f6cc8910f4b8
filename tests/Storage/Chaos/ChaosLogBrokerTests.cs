using Mjolnir.Chaos.Logs;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Tests.Logs;

namespace Mjolnir.Storage.Tests.Chaos;

/// <summary>Chaos that does nothing is a log like any other.</summary>
public sealed class ChaosLogBrokerContractTests : LogBrokerContract
{
    private readonly TemporaryFolder _folder = new();
    private FileLogBroker? _inner;
    private ChaosLogBroker? _chaos;

    protected override ILogBroker Broker => _chaos ??= new ChaosLogBroker(_inner = new FileLogBroker(_folder));

    public override async Task DisposeAsync()
    {
        await RestartAsync();
        _folder.Dispose();
        await base.DisposeAsync();
    }

    protected override async ValueTask RestartAsync()
    {
        if (_inner is not null)
        {
            await _inner.DisposeAsync();
            (_inner, _chaos) = (null, null);
        }
    }
}

public sealed class ChaosLogBrokerTests : IAsyncLifetime
{
    private const string Log = "s1.1";
    private readonly TemporaryFolder _folder = new();
    private readonly FileLogBroker _inner;
    private readonly ChaosLogBroker _chaos;
    private ILogPublisher? _publisher;

    public ChaosLogBrokerTests()
    {
        _inner = new FileLogBroker(_folder);
        _chaos = new ChaosLogBroker(_inner);
    }

    public async Task InitializeAsync()
    {
        await _chaos.DeclareAsync(Log, CancellationToken.None);
        _publisher = await _chaos.OpenPublisherAsync(Log, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _inner.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_unknown_publish_may_have_been_made_or_not()
    {
        _chaos.HoldNext(IsPublish).ReleaseAsUnknown();
        Assert.Equal(PublishOutcome.Unknown, await PublishAsync(1));
        _chaos.HoldNext(IsPublish).ReleaseAsUnknown(applied: true);
        Assert.Equal(PublishOutcome.Unknown, await PublishAsync(2));
        Assert.Equal(PublishOutcome.Confirmed, await PublishAsync(3));
        Assert.Equal([2, 3], await ReadAsync(2));
    }

    [Fact]
    public async Task A_late_publish_comes_behind_later_ones_unless_the_log_was_unbound_before()
    {
        var late = _chaos.HoldNext(IsPublish);
        late.ReleaseAsUnknown(applyLater: true);
        await PublishAsync(1);
        await PublishAsync(2);
        await late.ApplyLateAsync();
        var voided = _chaos.HoldNext(IsPublish);
        voided.ReleaseAsUnknown(applyLater: true);
        await PublishAsync(3);
        await _chaos.UnbindAsync(Log, CancellationToken.None);
        await voided.ApplyLateAsync();
        await _chaos.SendSealMarkerAsync(Log, CancellationToken.None);
        Assert.Equal([2, 1, 0], await ReadAsync(3));
    }

    [Fact]
    public async Task A_refused_publish_leaves_nothing()
    {
        _chaos.HoldNext(IsPublish).ReleaseAs(PublishOutcome.Refused);
        Assert.Equal(PublishOutcome.Refused, await PublishAsync(1));
        await PublishAsync(2);
        Assert.Equal([2], await ReadAsync(1));
    }

    [Fact]
    public async Task A_held_confirm_is_durable_before_its_publisher_knows()
    {
        var gate = _chaos.HoldNextAnswer(IsPublish);
        var publish = PublishAsync(1);
        await gate.Reached;
        Assert.Equal([1], await ReadAsync(1));
        Assert.False(publish.IsCompleted);
        gate.Release();
        Assert.Equal(PublishOutcome.Confirmed, await publish);
    }

    [Fact]
    public async Task Other_calls_without_an_answer_throw()
    {
        _chaos.HoldNext(call => call.Verb == LogVerb.SendSealMarker).ReleaseAsUnknown(applied: true);
        await Assert.ThrowsAsync<IOException>(() => _chaos.SendSealMarkerAsync(Log, CancellationToken.None).AsTask());
        Assert.Equal([0], await ReadAsync(1));
    }

    [Fact]
    public async Task An_acknowledgement_can_be_held_between_storing_and_trimming()
    {
        await PublishAsync(1);
        await using var consumer = await _chaos.OpenConsumerAsync(Log, CancellationToken.None);
        await consumer.ReadAsync(CancellationToken.None);
        var gate = _chaos.HoldNext(call => call is { Verb: LogVerb.Acknowledge, Delivery: 1 });
        var acknowledge = consumer.AcknowledgeAsync(1, CancellationToken.None).AsTask();
        await gate.Reached;
        Assert.False(acknowledge.IsCompleted);
        gate.ReleaseByThrowing(new IOException("killed"));
        await Assert.ThrowsAsync<IOException>(() => acknowledge);
    }

    private static bool IsPublish(LogOperation operation) => operation.Verb == LogVerb.Publish;

    private Task<PublishOutcome> PublishAsync(byte message) => _publisher!.PublishAsync(new[] { message }, CancellationToken.None).AsTask();

    /// <summary>The first bytes of the messages; 0 for a seal marker.</summary>
    private async Task<List<int>> ReadAsync(int count)
    {
        await using var consumer = await _inner.OpenConsumerAsync(Log, CancellationToken.None);
        var messages = new List<int>();
        while (messages.Count < count)
        {
            messages.AddRange((await consumer.ReadAsync(CancellationToken.None)).Select(message => message.IsSealMarker ? 0 : (int)message.Body.Span[0]));
        }

        return messages;
    }
}
