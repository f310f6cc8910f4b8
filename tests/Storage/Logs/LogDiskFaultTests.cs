using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>A disk that refuses, at every step of a publish.</summary>
public sealed class LogDiskFaultTests
{
    private static readonly Action Fault = () => throw new IOException("No space left on device");
    private static readonly Action Nothing = () => { };

    [Theory]
    [InlineData("write")]
    [InlineData("flush")]
    public async Task A_failed_write_is_cut_back_and_refused_and_the_log_goes_on(string step)
    {
        await using var log = await LogFixture.DeclareAsync();
        await log.ConfirmAsync("a");
        Fail(log, step);
        Assert.Equal(PublishOutcome.Refused, await log.PublishAsync("refused"));
        Mend(log);
        await log.ConfirmAsync("b");
        Assert.Equal(["a", "b"], await log.ReadAllAsync());
        await using var next = log.Killed();
        Assert.Equal(["a", "b", "end of test"], await next.ReadAllAsync());
        Assert.Empty(next.Torn);
    }

    [Fact]
    public async Task Half_a_message_that_a_full_disk_took_is_gone()
    {
        await using var log = await LogFixture.DeclareAsync();
        await log.ConfirmAsync("a");
        log.Disk.BeforeWrite = (file, bytes, offset) =>
        {
            RandomAccess.Write(file, bytes.AsSpan(0, bytes.Length / 2), offset);
            Fault();
        };
        Assert.Equal(PublishOutcome.Refused, await log.PublishAsync("refused"));
        Mend(log);
        await using var next = log.Killed();
        Assert.Equal(["a"], await next.ReadAllAsync());
        Assert.Empty(next.Torn);
    }

    [Fact]
    public async Task A_write_that_cannot_be_cut_back_is_unknown_and_all_that_follows_is_refused()
    {
        await using var log = await LogFixture.DeclareAsync();
        await log.ConfirmAsync("a");
        Fail(log, "flush", "set length");
        Assert.Equal(PublishOutcome.Unknown, await log.PublishAsync("unknown"));
        Mend(log);
        Assert.Equal(PublishOutcome.Refused, await log.PublishAsync("refused"));
        await using var next = log.Killed();
        Assert.Equal("a", (await next.ReadAllAsync())[0]);
    }

    [Fact]
    public async Task A_seal_marker_after_an_unknown_outcome_makes_the_unknown_message_void()
    {
        await using var log = await LogFixture.DeclareAsync();
        await log.ConfirmAsync("a");
        Fail(log, "flush", "set length");
        Assert.Equal(PublishOutcome.Unknown, await log.PublishAsync("unknown"));
        await log.Broker.UnbindAsync(LogFixture.Log, log.Cancellation);
        await Assert.ThrowsAsync<IOException>(() => log.Broker.SendSealMarkerAsync(LogFixture.Log, log.Cancellation).AsTask());
        Mend(log);
        await log.Broker.SendSealMarkerAsync(LogFixture.Log, log.Cancellation);
        await using var consumer = await log.Broker.OpenConsumerAsync(LogFixture.Log, log.Cancellation);
        var messages = new List<LogMessage>();
        while (messages.Count < 2)
        {
            messages.AddRange(await consumer.ReadAsync(log.Cancellation));
        }

        Assert.Equal([(1, false), (2, true)], messages.Select(message => ((int)message.Delivery, message.IsSealMarker)));
    }

    [Theory]
    [InlineData("write")]
    [InlineData("flush")]
    public async Task A_new_file_that_cannot_be_begun_refuses_and_is_begun_by_the_next_message(string step)
    {
        await using var log = await LogFixture.DeclareAsync(new FileLogLimits { ChunkBytes = 60 });
        await log.ConfirmAsync("a");
        Fail(log, step);
        Assert.Equal(PublishOutcome.Refused, await log.PublishAsync("refused"));
        Assert.False(File.Exists(log.Chunk(2)));
        Mend(log);
        await log.ConfirmAsync("b");
        Assert.True(File.Exists(log.Chunk(2)));
        await using var next = log.Killed();
        Assert.Equal(["a", "b"], await next.ReadAllAsync());
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused()
    {
        await using var log = await LogFixture.DeclareAsync(new FileLogLimits { MessageBytes = 10 });
        Assert.Equal(PublishOutcome.Refused, await log.PublishAsync(new string('a', 11)));
        await log.ConfirmAsync(new string('a', 10));
    }

    [Fact]
    public async Task A_fault_of_the_program_reaches_the_publisher_and_stops_the_log()
    {
        await using var log = await LogFixture.DeclareAsync();
        log.Disk.BeforeWrite = (_, _, _) => throw new InvalidOperationException("bug");
        await Assert.ThrowsAsync<InvalidOperationException>(() => log.PublishAsync("a"));
        Mend(log);
        Assert.Equal(PublishOutcome.Refused, await log.PublishAsync("b"));
    }

    [Fact]
    public async Task What_waits_while_the_log_is_unbound_is_unroutable()
    {
        await using var log = await LogFixture.DeclareAsync();
        using var unbound = new ManualResetEventSlim();
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.Disk.BeforeWrite = (_, _, _) => { writing.TrySetResult(); unbound.Wait(); };
        var first = log.PublishAsync("under way");
        await writing.Task;
        var second = log.PublishAsync("waiting");
        await log.Broker.UnbindAsync(LogFixture.Log, log.Cancellation);
        var seal = log.Broker.SendSealMarkerAsync(LogFixture.Log, log.Cancellation);
        unbound.Set();
        Assert.Equal(PublishOutcome.Confirmed, await first);
        Assert.Equal(PublishOutcome.Unroutable, await second);
        await seal;
    }

    private static void Fail(LogFixture log, params string[] steps)
    {
        log.Disk.BeforeWrite = (_, _, _) => (steps.Contains("write") ? Fault : Nothing)();
        log.Disk.BeforeSetLength = steps.Contains("set length") ? Fault : Nothing;
        // A disk that refuses one flush and then takes the cutting back, unless that is to fail too.
        var flushes = 0;
        log.Disk.BeforeFlush = () => (steps.Contains("flush") && flushes++ == 0 ? Fault : Nothing)();
    }

    private static void Mend(LogFixture log)
    {
        log.Disk.BeforeWrite = (_, _, _) => { };
        log.Disk.BeforeFlush = Nothing;
        log.Disk.BeforeSetLength = Nothing;
    }
}
