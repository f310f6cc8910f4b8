using Mjolnir.Storage.Folders;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>A log of many files: begun, read across, deleted, missing.</summary>
public sealed class LogChunkTests
{
    private static readonly string[] Messages = [.. Enumerable.Range(1, 9).Select(i => $"message {i}")];
    private static readonly FileLogLimits TwoToAFile = new() { ChunkBytes = 100 };

    [Fact]
    public async Task A_log_goes_on_in_a_new_file_and_is_read_across_them()
    {
        await using var log = await WriteAsync();
        Assert.Equal([1L, 3, 5, 7, 9], LogChunk.List(Path.Combine(log.Folder, LogFixture.Log)));
        Assert.Equal(Messages, await log.ReadAllAsync());
        await using var next = log.Killed();
        Assert.Equal([.. Messages, "end of test"], await next.ReadAllAsync());
    }

    [Fact]
    public async Task Files_are_deleted_when_all_in_them_is_acknowledged()
    {
        await using var log = await WriteAsync();
        await AcknowledgeAsync(log, 5);
        Assert.Equal([5L, 7, 9], LogChunk.List(Path.Combine(log.Folder, LogFixture.Log)));
        await using var next = log.Killed();
        Assert.Equal(Messages[5..], await next.ReadAllAsync());
    }

    [Fact]
    public async Task Everything_acknowledged_leaves_a_log_that_goes_on()
    {
        await using var log = await WriteAsync();
        await AcknowledgeAsync(log, 9);
        await using var next = log.Killed();
        Assert.Empty(await next.ReadAllAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(9)]
    public async Task A_missing_file_is_refused(long first)
    {
        await using var log = await WriteAsync();
        await using var damaged = log.Killed();
        File.Delete(damaged.Chunk(first));
        await damaged.RefusedAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_missing_file_is_refused_even_without_the_marks(long first)
    {
        await using var log = await WriteAsync();
        await using var damaged = log.Killed(withMarks: false);
        File.Delete(damaged.Chunk(first));
        await damaged.RefusedAsync();
    }

    [Fact]
    public async Task The_end_of_a_file_behind_which_another_was_begun_is_never_torn()
    {
        await using var log = await WriteAsync();
        await using var damaged = log.Killed(withMarks: false);
        var length = new FileInfo(damaged.Chunk(7)).Length;
        await using (var file = new FileStream(damaged.Chunk(7), FileMode.Open))
        {
            file.SetLength(length - 1);
        }

        await damaged.RefusedAsync();
    }

    [Fact]
    public async Task Deleted_files_that_came_back_after_a_power_failure_are_deleted_again()
    {
        await using var log = await WriteAsync();
        await using var before = log.Killed();
        await AcknowledgeAsync(log, 6);
        await using var next = log.Killed();
        File.Copy(before.Chunk(1), next.Chunk(1));
        Assert.Equal(Messages[6..], await next.ReadAllAsync());
        Assert.False(File.Exists(next.Chunk(1)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(LogChunk.HeaderBytes - 1)]
    public async Task A_file_whose_making_a_crash_interrupted_is_made_again(int bytes)
    {
        await using var log = await LogFixture.DeclareAsync(TwoToAFile);
        await log.ConfirmAsync("a", new string('b', 40));
        await using var next = log.Killed();
        await File.WriteAllBytesAsync(next.Chunk(3), LogChunk.Header(LogFixture.Log, 3)[..bytes]);
        Assert.Equal(["a", new string('b', 40)], await next.ReadAllAsync());
        Assert.Single(next.Torn);
        await next.CloseAsync();
        Assert.Equal(["a", new string('b', 40), "end of test"], await next.ReadAllAsync());
    }

    [Fact]
    public async Task A_consumer_that_fell_behind_reads_the_files_and_catches_up_while_messages_come()
    {
        const int count = 3000;
        await using var log = await LogFixture.DeclareAsync(new FileLogLimits { ChunkBytes = 5000, TailBytes = 100, ReadMessages = 7, WindowBytes = 300 });
        await using var consumer = await log.Broker.OpenConsumerAsync(LogFixture.Log, log.Cancellation);
        var publishing = Task.Run(() => Task.WhenAll(Enumerable.Range(1, count).Select(i => log.PublishAsync($"{i}"))));
        var next = 1L;
        while (next <= count)
        {
            foreach (var message in await consumer.ReadAsync(log.Cancellation))
            {
                Assert.Equal(next, message.Delivery);
                Assert.Equal($"{next++}", System.Text.Encoding.UTF8.GetString(message.Body.Span));
            }

            await consumer.AcknowledgeAsync(next - 1, log.Cancellation);
        }

        Assert.All(await publishing, outcome => Assert.Equal(PublishOutcome.Confirmed, outcome));
    }

    [Fact]
    public async Task Acknowledging_what_was_not_delivered_is_refused()
    {
        await using var log = await WriteAsync();
        await using var consumer = await log.Broker.OpenConsumerAsync(LogFixture.Log, log.Cancellation);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => consumer.AcknowledgeAsync(1, log.Cancellation).AsTask());
    }

    [Fact]
    public async Task One_broker_at_a_time_has_a_folder()
    {
        await using var log = await WriteAsync();
        Assert.Throws<FolderInUseException>(() => new FileLogBroker(log.Folder));
    }

    [Fact]
    public async Task What_a_crash_left_of_a_log_being_made_or_deleted_is_removed()
    {
        await using var log = await WriteAsync();
        await using var next = log.Killed();
        Directory.CreateDirectory(Path.Combine(next.Folder, ".s2.1", "x"));
        Assert.Equal([LogFixture.Log], await next.Broker.ListAsync([], next.Cancellation));
        Assert.False(Directory.Exists(Path.Combine(next.Folder, ".s2.1")));
    }

    [Theory]
    [InlineData("../s1")]
    [InlineData("")]
    [InlineData(".s1")]
    [InlineData("a/b")]
    public async Task A_name_that_could_leave_the_folder_is_refused(string name)
    {
        await using var log = await LogFixture.DeclareAsync();
        await Assert.ThrowsAsync<ArgumentException>(async () => await log.Broker.DeclareAsync(name, log.Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(async () => await log.Broker.DeleteAsync(name, log.Cancellation));
    }

    /// <summary>The format is law: a changed byte here is a new version, and old files must still be read.</summary>
    [Fact]
    public async Task The_bytes_of_a_log_are_as_documented()
    {
        await using var log = await LogFixture.DeclareAsync();
        await log.ConfirmAsync("a", "bc");
        await log.Broker.SendSealMarkerAsync(LogFixture.Log, log.Cancellation);
        await log.CloseAsync();
        Assert.Equal(
            "4d4a4c4f470000010100000000000000d03d1cf98b3bdd70c3a001dda7b19013" +
            "4d4a465201000000010000000000000000000000000000000100000061b8ed6a7f89b356b8" +
            "4d4a465202000000020000000000000001000000000000000100000062631cb5704e240b1888" +
            "4d4a4652000000000300000000000000020000000000000002000000fbc40604378a8ece",
            Convert.ToHexStringLower(await File.ReadAllBytesAsync(log.Chunk())));
        Assert.Equal("0200000000000000b02de844403ec7ea03000000000000004148eca76d16b887", Convert.ToHexStringLower(await File.ReadAllBytesAsync(Path.Combine(log.Folder, LogFixture.Log, "confirmed"))));
    }

    private static async Task<LogFixture> WriteAsync()
    {
        var log = await LogFixture.DeclareAsync(TwoToAFile);
        await log.ConfirmAsync(Messages);
        return log;
    }

    private static async Task AcknowledgeAsync(LogFixture log, int count)
    {
        await using var consumer = await log.Broker.OpenConsumerAsync(LogFixture.Log, log.Cancellation);
        var last = 0L;
        while (last < count)
        {
            last = (await consumer.ReadAsync(log.Cancellation))[^1].Delivery;
        }

        await consumer.AcknowledgeAsync(count, log.Cancellation);
    }
}
