using System.Diagnostics;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Services;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

/// <summary>What may happen to a log when its broker dies, stands still or is out of memory.</summary>
public sealed class RabbitMqCrashTests : IAsyncLifetime
{
    private const string Log = "s1.1";
    private const string Cluster = "crash";
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(120));
    private RabbitMqServer _server = null!;
    private RabbitMqProcess _process = null!;
    private RabbitMqProcess _other = null!;

    private CancellationToken Cancellation => _patience.Token;

    public async Task InitializeAsync()
    {
        _server = await RabbitMqServer.StartAsync();
        (_process, _other) = (new(_server.Url, Cluster, isSettling: true), new(_server.Url, Cluster));
    }

    public async Task DisposeAsync()
    {
        await _process.DisposeAsync();
        await _other.DisposeAsync();
        await _server.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task What_was_confirmed_is_there_after_the_broker_was_killed_and_started_again()
    {
        await using var publisher = await _process.DeclareAsync(Log, Cancellation);
        var (confirmed, publishing) = (0, Task.CompletedTask);
        var enough = new TaskCompletionSource();
        publishing = PublishUntilUnknownAsync();
        await enough.Task.WaitAsync(Cancellation);
        await _server.Service.KillAsync();
        await publishing;

        await _server.Service.RestartAsync(Cancellation);
        await _other.SealAsync(Log, Cancellation);
        await using var consumer = await _other.Broker.OpenConsumerAsync(Log, Cancellation);
        var texts = await RabbitMqProcess.ReadThroughAsync(consumer, "SEAL", Cancellation);
        Assert.InRange(texts.Count - 1, confirmed, confirmed + 1);
        Assert.Equal(Enumerable.Range(0, texts.Count - 1).Select(at => $"{at}"), texts[..^1]);

        async Task PublishUntilUnknownAsync()
        {
            PublishOutcome outcome;
            while ((outcome = await RabbitMqProcess.PublishAsync(publisher, $"{confirmed}", Cancellation)) == PublishOutcome.Confirmed)
            {
                if (++confirmed == 200)
                {
                    enough.SetResult();
                }
            }

            // Refused: the kill came between two messages.
            Assert.True(outcome is PublishOutcome.Unknown or PublishOutcome.Refused);
        }
    }

    /// <summary>A queue whose broker dies before it has written down all of it is there afterwards, and takes nothing.</summary>
    [Fact]
    public async Task A_log_whose_broker_dies_while_it_is_young_is_not_given_out()
    {
        var declaring = _process.Broker.DeclareAsync(Log, Cancellation).AsTask();
        while ((await _other.Broker.ListAsync([Log], Cancellation)).Count == 0)
        {
            await Task.Delay(10, Cancellation);
        }

        await _server.Service.KillAsync();
        await _server.Service.RestartAsync(Cancellation);
        await Assert.ThrowsAsync<LogUnavailableException>(() => declaring);
    }

    /// <summary>Waiting for a queue that does not answer used to cost the process the connection of all its consumers, with every try.</summary>
    /// <param name="hurt">done to the process that leads the queue: it stands still, or is gone, for which RabbitMQ ends the connection of whoever asks</param>
    /// <param name="heal">undoes it</param>
    /// <param name="costs">tries that cost the others their connection</param>
    [Theory]
    [InlineData("sys:suspend(Leader)", "sys:resume(Leader)", 0)]
    [InlineData("ra:stop_server(quorum_queues, Leader)", "ra:restart_server(quorum_queues, Leader)", 1)]
    public async Task A_log_whose_queue_does_not_answer_is_waited_for_apart_from_the_others_until_it_does(string hurt, string heal, int costs)
    {
        await using var publisher = await _process.DeclareAsync(Log, Cancellation);
        await using var silent = await _process.DeclareAsync("s2.1", Cancellation);
        await RabbitMqProcess.PublishAsync(publisher, "before", Cancellation);
        await RabbitMqProcess.PublishAsync(silent, "kept", Cancellation);
        await OfQueueAsync("s2.1", hurt);
        for (var tries = 0; tries < costs; tries++)
        {
            await Assert.ThrowsAsync<LogUnavailableException>(async () => await _other.Broker.OpenConsumerAsync("s2.1", Cancellation));
        }

        await using var consumer = await _other.Broker.OpenConsumerAsync(Log, Cancellation);
        var connection = await _other.Connections.Receiving.OpenAsync(Cancellation);
        for (var tries = 0; tries < 2; tries++)
        {
            await Assert.ThrowsAsync<LogUnavailableException>(async () => await _other.Broker.OpenConsumerAsync("s2.1", Cancellation));
        }

        await RabbitMqProcess.PublishAsync(publisher, "after", Cancellation);
        Assert.Equal(["before", "after"], await RabbitMqProcess.ReadThroughAsync(consumer, "after", Cancellation));

        await OfQueueAsync("s2.1", heal);
        ILogConsumer? found = null;
        await RabbitMqProcess.PersistAsync(async () => found = await _other.Broker.OpenConsumerAsync("s2.1", Cancellation), Cancellation);
        Assert.Equal(["kept"], await RabbitMqProcess.ReadThroughAsync(found!, "kept", Cancellation));
        await found!.DisposeAsync();
        Assert.Same(connection, await _other.Connections.Receiving.OpenAsync(Cancellation));
        Assert.Same(_other.Connections.Receiving, _other.Connections.ReceivingOf("s2.1"));
    }

    [Fact]
    public async Task While_the_broker_is_away_messages_are_refused_soon_and_afterwards_the_log_goes_on()
    {
        await using var publisher = await _process.DeclareAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, "before", Cancellation));
        await _server.Service.KillAsync();
        while ((await _process.Connections.Sending.OpenAsync(Cancellation).AsTask().ContinueWith(opening => opening.IsCompletedSuccessfully, Cancellation, TaskContinuationOptions.None, TaskScheduler.Default)))
        {
            await Task.Delay(10, Cancellation);
        }

        var soon = TimeSpan.FromSeconds(2);
        var refused = await Quickest.OfAsync(soon, async () => Assert.Equal(PublishOutcome.Refused, await RabbitMqProcess.PublishAsync(publisher, "away", Cancellation)));
        Assert.InRange(refused, TimeSpan.Zero, soon);
        await Assert.ThrowsAsync<LogUnavailableException>(async () => await _process.Broker.ListAsync([Log], Cancellation));
        Assert.Null(await new RabbitMqLeadership(_process.Connections, Cluster).TryLeadAsync("keeper", Cancellation));

        await _server.Service.RestartAsync(Cancellation);
        // The first delivery shows that the queue has found its feet.
        await using var consumer = await _other.Broker.OpenConsumerAsync(Log, Cancellation);
        PublishOutcome outcome;
        while ((outcome = await RabbitMqProcess.PublishAsync(publisher, "after", Cancellation)) == PublishOutcome.Refused)
        {
        }

        Assert.Equal(PublishOutcome.Confirmed, outcome);
        Assert.Equal(["before", "after"], await RabbitMqProcess.ReadThroughAsync(consumer, "after", Cancellation));
    }

    [Fact]
    public async Task A_message_that_a_frozen_broker_does_not_confirm_is_unknown_in_time()
    {
        await using var publisher = await _process.DeclareAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, "before", Cancellation));
        Signals.Send(_server.Service.ProcessId, Signals.Stop);
        try
        {
            var started = Stopwatch.GetTimestamp();
            Assert.Equal(PublishOutcome.Unknown, await RabbitMqProcess.PublishAsync(publisher, "frozen", Cancellation));
            Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 2, 20);
            await Assert.ThrowsAsync<LogUnavailableException>(async () => await _process.Broker.UnbindAsync(Log, Cancellation));
        }
        finally
        {
            Signals.Send(_server.Service.ProcessId, Signals.Continue);
        }

        await _process.SealAsync(Log, Cancellation);
        await using var consumer = await _other.Broker.OpenConsumerAsync(Log, Cancellation);
        var texts = await RabbitMqProcess.ReadThroughAsync(consumer, "SEAL", Cancellation);
        Assert.Equal("before", texts[0]);
    }

    [Fact]
    public async Task Under_an_alarm_messages_are_refused_unsent_while_the_log_can_be_read_and_unbound()
    {
        await using var publisher = await _process.DeclareAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, "before", Cancellation));
        await using var bus = new RabbitMqClusterBus(_process.Connections, Cluster, hearsCommits: true);
        await bus.ReadyAsync(Cancellation);
        var incarnation = bus.Incarnation;
        await _server.Service.ControlAsync(["set_vm_memory_high_watermark", "absolute", "1MB"], Cancellation);
        await TellUntilAsync(() => !bus.IsConnected);

        Assert.Equal(PublishOutcome.Refused, await RabbitMqProcess.PublishAsync(publisher, "under the alarm", Cancellation));
        await using (var consumer = await _process.Broker.OpenConsumerAsync(Log, Cancellation))
        {
            Assert.Equal(["before"], await RabbitMqProcess.ReadThroughAsync(consumer, "before", Cancellation));
        }

        await _process.Broker.UnbindAsync("s9.9", Cancellation);
        await Assert.ThrowsAsync<LogUnavailableException>(async () => await _process.Broker.SendSealMarkerAsync(Log, Cancellation));

        await _server.Service.ControlAsync(["set_vm_memory_high_watermark", "absolute", "1GB"], Cancellation);
        await TellUntilAsync(() => bus.IsConnected && bus.Incarnation > incarnation);
        Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, "after", Cancellation));
        await using var last = await _other.Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(["before", "after"], await RabbitMqProcess.ReadThroughAsync(last, "after", Cancellation));

        async Task TellUntilAsync(Func<bool> isReached)
        {
            while (!isReached())
            {
                bus.Tell(new ShardTrouble("s1", "label", "reason"));
                await Task.Delay(10, Cancellation);
            }
        }
    }

    [Fact]
    public async Task A_message_that_meets_an_alarm_on_its_way_is_not_lost_sight_of()
    {
        await using var publisher = await _process.DeclareAsync(Log, Cancellation);
        await _server.Service.ControlAsync(["set_vm_memory_high_watermark", "absolute", "1MB"], Cancellation);
        var (confirmed, outcome) = (0, PublishOutcome.Confirmed);
        while ((outcome = await RabbitMqProcess.PublishAsync(publisher, $"{confirmed}", Cancellation)) == PublishOutcome.Confirmed)
        {
            confirmed++;
        }

        Assert.True(outcome is PublishOutcome.Unknown or PublishOutcome.Refused);
        await _server.Service.ControlAsync(["set_vm_memory_high_watermark", "absolute", "1GB"], Cancellation);
        await _other.SealAsync(Log, Cancellation);
        await using var consumer = await _other.Broker.OpenConsumerAsync(Log, Cancellation);
        var texts = await RabbitMqProcess.ReadThroughAsync(consumer, "SEAL", Cancellation);
        Assert.InRange(texts.Count - 1, confirmed, outcome == PublishOutcome.Refused ? confirmed : confirmed + 1);
        Assert.Equal(Enumerable.Range(0, texts.Count - 1).Select(at => $"{at}"), texts[..^1]);
    }

    /// <summary>Does something with the process that leads a log's queue, in the broker.</summary>
    private Task<string> OfQueueAsync(string log, string what) => _server.Service.ControlAsync(
        ["eval", $"{{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"/\">>, queue, <<\"mjolnir.{Cluster}.log.{log}\">>)), Leader = amqqueue:get_pid(Queue), {what}."], Cancellation);
}
