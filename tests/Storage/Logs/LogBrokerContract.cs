using System.Text;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>What every commit log promises, whatever keeps it. A class per implementation derives from this.</summary>
public abstract class LogBrokerContract : IAsyncLifetime
{
    protected const string Log = "s1.1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _patience = new(Patience);

    protected abstract ILogBroker Broker { get; }

    protected CancellationToken Cancellation => _patience.Token;

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync()
    {
        _patience.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>A new broker over the same logs, as after a restart of the process.</summary>
    protected abstract ValueTask RestartAsync();

    [Fact]
    public async Task What_is_published_is_read_in_order()
    {
        await using var publisher = await DeclareAsync();
        var opening = Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Confirmed, await PublishAsync(publisher, "a"));
        Assert.Equal(PublishOutcome.Confirmed, await PublishAsync(publisher, "b"));
        await using var consumer = await opening;
        Assert.Equal(["a", "b"], await ReadAsync(consumer, 2));
    }

    [Fact]
    public async Task Concurrent_publishes_keep_the_order_of_their_calls()
    {
        await using var publisher = await DeclareAsync();
        var outcomes = Enumerable.Range(0, 500).Select(i => PublishAsync(publisher, $"{i}").AsTask()).ToList();
        Assert.All(await Task.WhenAll(outcomes), outcome => Assert.Equal(PublishOutcome.Confirmed, outcome));
        await using var consumer = await Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), await ReadAsync(consumer, 500));
    }

    [Fact]
    public async Task A_reader_waits_for_the_first_message()
    {
        await using var publisher = await DeclareAsync();
        await using var consumer = await ConsumeAsync(publisher);
        var read = ReadAsync(consumer, 1);
        Assert.False(read.IsCompleted);
        await PublishAsync(publisher, "late");
        Assert.Equal(["late"], await read);
    }

    [Fact]
    public async Task A_waiting_reader_can_be_cancelled_and_read_again()
    {
        await using var publisher = await DeclareAsync();
        await using var consumer = await ConsumeAsync(publisher);
        using var stop = new CancellationTokenSource();
        var read = consumer.ReadAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await PublishAsync(publisher, "a");
        Assert.Equal(["a"], await ReadAsync(consumer, 1));
    }

    [Fact]
    public async Task Unacknowledged_messages_are_delivered_to_the_next_consumer()
    {
        await using var publisher = await DeclareAsync();
        await PublishAllAsync(publisher, "a", "b", "c");
        await using (var first = await Broker.OpenConsumerAsync(Log, Cancellation))
        {
            var messages = await TakeAsync(first, 3);
            await first.AcknowledgeAsync(messages[0].Delivery, Cancellation);
        }

        await using var second = await Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(["b", "c"], await ReadAsync(second, 2));
    }

    [Fact]
    public async Task A_second_consumer_waits_until_the_first_is_gone()
    {
        await using var publisher = await DeclareAsync();
        var first = await ConsumeAsync(publisher);
        var second = Broker.OpenConsumerAsync(Log, Cancellation).AsTask();
        await PublishAsync(publisher, "a");
        Assert.Equal(["a"], await ReadAsync(first, 1));
        Assert.False(second.IsCompleted);
        await first.DisposeAsync();
        await using var active = await second;
        Assert.Equal(["first", "a"], await ReadAsync(active, 2));
    }

    [Fact]
    public async Task Confirmed_messages_survive_a_restart()
    {
        await using (var publisher = await DeclareAsync())
        {
            await PublishAllAsync(publisher, "a", "b");
        }

        await RestartAsync();
        Assert.Equal([Log], await Broker.ListAsync([Log], Cancellation));
        await using var consumer = await Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(["a", "b"], await ReadAsync(consumer, 2));
    }

    [Fact]
    public async Task Acknowledged_messages_are_gone_after_a_restart()
    {
        await using (var publisher = await DeclareAsync())
        {
            await PublishAllAsync(publisher, "a", "b");
            await using var consumer = await Broker.OpenConsumerAsync(Log, Cancellation);
            await consumer.AcknowledgeAsync((await TakeAsync(consumer, 2))[0].Delivery, Cancellation);
        }

        await RestartAsync();
        await using var next = await Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(["b"], await ReadAsync(next, 1));
    }

    [Fact]
    public async Task Publishing_to_an_unbound_log_is_unroutable_and_leaves_nothing()
    {
        await using var publisher = await DeclareAsync();
        await PublishAsync(publisher, "before");
        await Broker.UnbindAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Unroutable, await PublishAsync(publisher, "after"));
        await Broker.SendSealMarkerAsync(Log, Cancellation);
        await using var consumer = await Broker.OpenConsumerAsync(Log, Cancellation);
        var messages = await TakeAsync(consumer, 2);
        Assert.Equal([false, true], messages.Select(message => message.IsSealMarker));
        Assert.Equal("before", Text(messages[0]));
        Assert.True(messages[1].Body.IsEmpty);
    }

    [Fact]
    public async Task A_log_stays_unbound_and_sealed_after_a_restart()
    {
        await using (var publisher = await DeclareAsync())
        {
            await PublishAsync(publisher, "before");
            await Broker.UnbindAsync(Log, Cancellation);
            await Broker.SendSealMarkerAsync(Log, Cancellation);
        }

        await RestartAsync();
        await using var zombie = await Broker.OpenPublisherAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Unroutable, await PublishAsync(zombie, "after"));
        await using var consumer = await Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.True((await TakeAsync(consumer, 2))[1].IsSealMarker);
    }

    [Fact]
    public async Task Unbinding_has_no_effect_on_a_log_that_is_unbound_or_gone()
    {
        await using var publisher = await DeclareAsync();
        await Broker.UnbindAsync(Log, Cancellation);
        await Broker.UnbindAsync(Log, Cancellation);
        await Broker.UnbindAsync("s9.9", Cancellation);
        Assert.Equal([Log], await Broker.ListAsync([Log], Cancellation));
    }

    [Fact]
    public async Task Declaring_a_log_twice_throws()
    {
        await Broker.DeclareAsync(Log, Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(() => Broker.DeclareAsync(Log, Cancellation).AsTask());
    }

    [Fact]
    public async Task A_deleted_log_is_gone_and_its_publisher_unroutable()
    {
        await using var publisher = await DeclareAsync();
        await PublishAsync(publisher, "a");
        await Broker.DeleteAsync(Log, Cancellation);
        Assert.Empty(await Broker.ListAsync([Log], Cancellation));
        Assert.Equal(PublishOutcome.Unroutable, await PublishAsync(publisher, "b"));
        await Assert.ThrowsAnyAsync<Exception>(() => Broker.OpenPublisherAsync(Log, Cancellation).AsTask());
        await Broker.DeleteAsync(Log, Cancellation);
    }

    [Fact]
    public async Task A_confirmed_message_does_not_change_when_the_caller_reuses_its_buffer()
    {
        await using var publisher = await DeclareAsync();
        await using var consumer = await ConsumeAsync(publisher);
        var buffer = "right"u8.ToArray();
        await publisher.PublishAsync(buffer, Cancellation);
        "wrong"u8.CopyTo(buffer);
        Assert.Equal(["right"], await ReadAsync(consumer, 1));
    }

    [Fact]
    public async Task Logs_do_not_disturb_each_other()
    {
        var logs = new[] { "s1.1", "s2.1", "s1.2" };
        foreach (var log in logs)
        {
            await Broker.DeclareAsync(log, Cancellation);
            await using var publisher = await Broker.OpenPublisherAsync(log, Cancellation);
            await PublishAsync(publisher, log);
        }

        Assert.Equal(logs.Order(StringComparer.Ordinal), (await Broker.ListAsync(logs, Cancellation)).Order(StringComparer.Ordinal));
        foreach (var log in logs)
        {
            await using var consumer = await Broker.OpenConsumerAsync(log, Cancellation);
            Assert.Equal([log], await ReadAsync(consumer, 1));
        }
    }

    protected async ValueTask<ILogPublisher> DeclareAsync()
    {
        await Broker.DeclareAsync(Log, Cancellation);
        return await Broker.OpenPublisherAsync(Log, Cancellation);
    }

    /// <summary>Publishes a first message and reads it: a broker may let a consumer be active only by delivering something.</summary>
    protected async ValueTask<ILogConsumer> ConsumeAsync(ILogPublisher publisher)
    {
        await PublishAllAsync(publisher, "first");
        var consumer = await Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(["first"], await ReadAsync(consumer, 1));
        return consumer;
    }

    protected ValueTask<PublishOutcome> PublishAsync(ILogPublisher publisher, string text) =>
        publisher.PublishAsync(Encoding.UTF8.GetBytes(text), Cancellation);

    protected async Task PublishAllAsync(ILogPublisher publisher, params string[] texts)
    {
        foreach (var text in texts)
        {
            Assert.Equal(PublishOutcome.Confirmed, await PublishAsync(publisher, text));
        }
    }

    protected async Task<List<LogMessage>> TakeAsync(ILogConsumer consumer, int count)
    {
        var messages = new List<LogMessage>();
        while (messages.Count < count)
        {
            messages.AddRange(await consumer.ReadAsync(Cancellation));
        }

        return messages;
    }

    protected async Task<IEnumerable<string>> ReadAsync(ILogConsumer consumer, int count) => (await TakeAsync(consumer, count)).Select(Text);

    protected static string Text(LogMessage message) => Encoding.UTF8.GetString(message.Body.Span);
}
