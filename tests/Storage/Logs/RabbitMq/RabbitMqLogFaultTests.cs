using System.Diagnostics;
using Mjolnir.Servers;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

/// <summary>What may happen to a log while its broker lives.</summary>
public sealed class RabbitMqLogFaultTests : IAsyncLifetime
{
    private const string Log = "s1.1";

    /// <summary>RabbitMQ's own limit (<c>max_message_size</c>, 3.x).</summary>
    private const int RabbitMqMessageBytes = 128 << 20;

    private readonly string _cluster = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly List<RabbitMqProcess> _processes = [];
    private string _url = "";

    private CancellationToken Cancellation => _patience.Token;

    public async Task InitializeAsync() => _url = (await RabbitMqServer.SharedAsync()).Url;

    public async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _patience.Dispose();
    }

    [Fact]
    public async Task A_log_that_is_sealed_while_it_is_published_to_has_all_that_was_confirmed_before_the_seal()
    {
        var (server, sealer) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        var sealing = Task.CompletedTask;
        var confirmed = new List<string>();
        PublishOutcome last;
        do
        {
            var text = $"{confirmed.Count}";
            last = await RabbitMqProcess.PublishAsync(publisher, text, Cancellation);
            if (last == PublishOutcome.Confirmed)
            {
                confirmed.Add(text);
            }

            if (confirmed.Count == 50)
            {
                sealing = SealAsync();
            }
        }
        while (last == PublishOutcome.Confirmed);

        await sealing;
        Assert.Equal(PublishOutcome.Unroutable, last);
        await using var consumer = await sealer.Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal([.. confirmed, "SEAL"], await RabbitMqProcess.ReadThroughAsync(consumer, "SEAL", Cancellation));
        Assert.Equal(PublishOutcome.Unroutable, await RabbitMqProcess.PublishAsync(publisher, "late", Cancellation));

        async Task SealAsync()
        {
            await sealer.Broker.UnbindAsync(Log, Cancellation);
            await sealer.Broker.SendSealMarkerAsync(Log, Cancellation);
        }
    }

    [Fact]
    public async Task A_message_larger_than_the_broker_takes_is_refused_unsent_and_the_log_goes_on()
    {
        await using var publisher = await Process().DeclareAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Refused, await publisher.PublishAsync(new byte[RabbitMqMessageBytes + 1], Cancellation));
        Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, "next", Cancellation));
    }

    [Fact]
    public async Task What_is_under_way_when_the_connection_is_cut_is_unknown_and_nothing_may_follow_it()
    {
        var (server, worker) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, "first", Cancellation));
        var sent = Enumerable.Range(0, 200).Select(at => RabbitMqProcess.PublishAsync(publisher, $"{at}", Cancellation).AsTask()).ToList();
        await server.CutAsync();
        var outcomes = await Task.WhenAll(sent);
        Assert.All(outcomes, outcome => Assert.True(outcome is PublishOutcome.Confirmed or PublishOutcome.Unknown));
        Assert.Contains(PublishOutcome.Unknown, outcomes);
        Assert.Equal(PublishOutcome.Unknown, await RabbitMqProcess.PublishAsync(publisher, "after", Cancellation));

        await worker.Broker.UnbindAsync(Log, Cancellation);
        await worker.Broker.SendSealMarkerAsync(Log, Cancellation);
        await using var consumer = await worker.Broker.OpenConsumerAsync(Log, Cancellation);
        var texts = await RabbitMqProcess.ReadThroughAsync(consumer, "SEAL", Cancellation);
        Assert.Equal(["first", .. Enumerable.Range(0, texts.Count - 2).Select(at => $"{at}"), "SEAL"], texts);
        Assert.True(texts.Count - 2 >= outcomes.Count(outcome => outcome == PublishOutcome.Confirmed));
    }

    [Fact]
    public async Task A_connection_that_is_cut_while_nothing_is_under_way_costs_nothing()
    {
        var (server, worker) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, $"{round}", Cancellation));
            await server.CutAsync();
        }

        Assert.Equal(PublishOutcome.Confirmed, await RabbitMqProcess.PublishAsync(publisher, "last", Cancellation));
        await using var consumer = await worker.Broker.OpenConsumerAsync(Log, Cancellation);
        Assert.Equal(["0", "1", "2", "last"], await RabbitMqProcess.ReadThroughAsync(consumer, "last", Cancellation));
    }

    [Fact]
    public async Task A_log_unbound_while_its_publisher_was_cut_off_stays_unbound()
    {
        var (server, sealer) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        await server.CutAsync();
        await sealer.Broker.UnbindAsync(Log, Cancellation);
        Assert.Equal(PublishOutcome.Unroutable, await RabbitMqProcess.PublishAsync(publisher, "late", Cancellation));
    }

    [Fact]
    public async Task One_consumer_is_active_and_the_next_gets_what_it_did_not_acknowledge_in_order()
    {
        var server = Process();
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        const int Count = 1000;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, Count).Select(at => RabbitMqProcess.PublishAsync(publisher, $"{at}", Cancellation).AsTask()));
        Assert.All(outcomes, outcome => Assert.Equal(PublishOutcome.Confirmed, outcome));

        var first = Process();
        await using var active = await first.Broker.OpenConsumerAsync(Log, Cancellation);
        var quickest = TimeSpan.MaxValue;
        for (var (round, from) = (0, 0); round < 8; round++)
        {
            var next = Process();
            var waiting = next.Broker.OpenConsumerAsync(Log, Cancellation).AsTask();
            var consumer = round == 0 ? active : null;
            consumer ??= await _taken!;
            var messages = new List<LogMessage>();
            while (messages.Count < Count - from)
            {
                messages.AddRange(await consumer.ReadAsync(Cancellation));
            }

            Assert.Equal(Enumerable.Range(from, Count - from).Select(at => $"{at}"), messages.Select(RabbitMqProcess.Text));
            Assert.False(waiting.IsCompleted);
            // Acknowledged, and the way to the broker with it: a round trip on the same connection comes behind it.
            await consumer.AcknowledgeAsync(messages[99].Delivery, Cancellation);
            await first.Broker.ListAsync([Log], Cancellation);
            from += 100;
            var cut = Stopwatch.GetTimestamp();
            await first.CutAsync();
            await waiting;
            var tookOver = Stopwatch.GetElapsedTime(cut);
            quickest = tookOver < quickest ? tookOver : quickest;
            await Assert.ThrowsAsync<LogUnavailableException>(async () => await consumer.ReadAsync(Cancellation));
            await Assert.ThrowsAsync<LogUnavailableException>(async () => await consumer.AcknowledgeAsync(messages[^1].Delivery, Cancellation));
            (first, _taken) = (next, waiting);
        }

        Assert.InRange(quickest, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    private Task<ILogConsumer>? _taken;

    [Fact]
    public async Task A_waiting_reader_learns_that_the_connection_was_cut()
    {
        var (server, worker) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        await RabbitMqProcess.PublishAsync(publisher, "first", Cancellation);
        await using var consumer = await worker.Broker.OpenConsumerAsync(Log, Cancellation);
        await consumer.ReadAsync(Cancellation);
        var reading = consumer.ReadAsync(Cancellation).AsTask();
        await worker.CutAsync();
        await Assert.ThrowsAsync<LogUnavailableException>(() => reading);
    }

    [Fact]
    public async Task A_waiting_standby_learns_that_the_connection_was_cut()
    {
        var (server, worker) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        var waiting = worker.Broker.OpenConsumerAsync(Log, Cancellation).AsTask();
        await worker.Broker.ListAsync([Log], Cancellation);
        await worker.CutAsync();
        await Assert.ThrowsAsync<LogUnavailableException>(() => waiting);
    }

    [Fact]
    public async Task The_reader_of_a_deleted_log_is_told()
    {
        var (server, worker) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        await RabbitMqProcess.PublishAsync(publisher, "first", Cancellation);
        await using var consumer = await worker.Broker.OpenConsumerAsync(Log, Cancellation);
        await consumer.ReadAsync(Cancellation);
        var reading = consumer.ReadAsync(Cancellation).AsTask();
        await server.Broker.DeleteAsync(Log, Cancellation);
        await Assert.ThrowsAsync<LogUnavailableException>(() => reading);
        await Assert.ThrowsAsync<UnknownLogException>(async () => await worker.Broker.OpenConsumerAsync(Log, Cancellation));
        await Assert.ThrowsAsync<UnknownLogException>(async () => await worker.Broker.SendSealMarkerAsync(Log, Cancellation));
    }

    [Fact]
    public async Task Of_many_processes_that_declare_a_log_one_succeeds()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => TryDeclareAsync(Process())));
        Assert.Single(outcomes, isMine => isMine);
        Assert.False(await TryDeclareAsync(Process()));

        async Task<bool> TryDeclareAsync(RabbitMqProcess process)
        {
            try
            {
                await process.Broker.DeclareAsync(Log, Cancellation);
                return true;
            }
            catch (Exception exception) when (exception is InvalidOperationException or LogUnavailableException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Only_the_registered_logs_that_exist_are_listed()
    {
        var server = Process();
        foreach (var log in new[] { "s1.1", "s2.1", "s3.1" })
        {
            await server.Broker.DeclareAsync(log, Cancellation);
        }

        Assert.Equal(["s1.1", "s3.1"], await server.Broker.ListAsync(["s1.1", "s9.9", "s3.1", "s9.8"], Cancellation));
    }

    [Fact]
    public async Task More_than_a_consumer_may_hold_is_read_as_it_is_acknowledged()
    {
        var (server, worker) = (Process(), Process());
        await using var publisher = await server.DeclareAsync(Log, Cancellation);
        const int Count = 5000;
        var sent = Task.WhenAll(Enumerable.Range(0, Count).Select(at => RabbitMqProcess.PublishAsync(publisher, $"{at}", Cancellation).AsTask()));
        await using var consumer = await worker.Broker.OpenConsumerAsync(Log, Cancellation);
        var texts = new List<string>();
        while (texts.Count < Count)
        {
            var messages = await consumer.ReadAsync(Cancellation);
            texts.AddRange(messages.Select(RabbitMqProcess.Text));
            await consumer.AcknowledgeAsync(messages[^1].Delivery, Cancellation);
        }

        await sent;
        Assert.Equal(Enumerable.Range(0, Count).Select(at => $"{at}"), texts);
    }

    private RabbitMqProcess Process()
    {
        var process = new RabbitMqProcess(_url, _cluster);
        _processes.Add(process);
        return process;
    }
}
