using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>A small log, damaged or torn at every one of its bytes.</summary>
public sealed class LogDamageTests
{
    private static readonly string[] Messages = ["", "a", new string('b', 40), "MJFRMJFR", "last"];

    /// <summary>How a byte may be changed: one bit, all bits, and to what unwritten places hold.</summary>
    public static TheoryData<string> Flips => ["low bit", "high bit", "all bits", "zero"];

    [Theory]
    [MemberData(nameof(Flips))]
    public async Task Every_changed_byte_is_refused_with_file_and_offset(string flip)
    {
        await using var log = await WriteAsync();
        var bytes = await ReadAsync(log.Chunk());
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = Flip(bytes[i], flip);
            if (changed == bytes[i])
            {
                continue;
            }

            await using var damaged = log.Killed();
            Overwrite(damaged.Chunk(), i, changed);
            var refused = await damaged.RefusedAsync();
            Assert.Equal((damaged.Chunk(), StartOfFrameAt(i)), (refused.File, refused.Offset));
        }
    }

    [Fact]
    public async Task A_log_cut_anywhere_below_what_was_confirmed_is_refused()
    {
        await using var log = await WriteAsync();
        var length = new FileInfo(log.Chunk()).Length;
        for (var cut = 0; cut < length; cut++)
        {
            await using var damaged = log.Killed();
            Truncate(damaged.Chunk(), cut);
            await damaged.RefusedAsync();
        }
    }

    [Fact]
    public async Task A_write_torn_at_any_byte_is_cut_and_reported_and_the_log_goes_on()
    {
        await using var log = await WriteAsync();
        await using var before = log.Killed();
        var confirmed = new FileInfo(log.Chunk()).Length;
        await log.ConfirmAsync("torn");
        var written = new FileInfo(log.Chunk()).Length;
        for (var cut = confirmed + 1; cut < written; cut++)
        {
            await using var torn = before.Killed();
            File.Copy(log.Chunk(), torn.Chunk(), overwrite: true);
            Truncate(torn.Chunk(), cut);
            await AssertCutAsync(torn, confirmed, cut - confirmed);
        }
    }

    [Fact]
    public async Task A_write_whose_end_never_reached_the_disk_is_cut_wherever_it_became_zeros()
    {
        await using var log = await WriteAsync();
        await using var before = log.Killed();
        var confirmed = new FileInfo(log.Chunk()).Length;
        await log.ConfirmAsync("torn");
        var written = new FileInfo(log.Chunk()).Length;
        for (var cut = confirmed; cut < written; cut++)
        {
            await using var torn = before.Killed();
            File.Copy(log.Chunk(), torn.Chunk(), overwrite: true);
            Truncate(torn.Chunk(), cut);
            Truncate(torn.Chunk(), written);
            await AssertCutAsync(torn, confirmed, written - confirmed);
        }
    }

    [Fact]
    public async Task A_whole_message_that_was_never_confirmed_is_kept()
    {
        await using var log = await WriteAsync();
        await using var before = log.Killed();
        await log.ConfirmAsync("unanswered");
        File.Copy(log.Chunk(), before.Chunk(), overwrite: true);
        Assert.Equal([.. Messages, "unanswered"], await before.ReadAllAsync());
        Assert.Empty(before.Torn);
    }

    [Fact]
    public async Task Without_its_marks_a_log_still_proves_damage_by_what_was_written_later()
    {
        await using var log = await WriteAsync();
        for (var i = 0; i < StartOfLastFrame; i++)
        {
            await using var damaged = log.Killed(withMarks: false);
            Overwrite(damaged.Chunk(), i, (byte)~(await ReadAsync(damaged.Chunk()))[i]);
            Assert.Equal(StartOfFrameAt(i), (await damaged.RefusedAsync()).Offset);
        }
    }

    [Fact]
    public async Task A_group_that_reached_the_disk_out_of_order_is_torn_not_damaged()
    {
        await using var log = await WriteAsync();
        await using var before = log.Killed();
        var group = new FileInfo(log.Chunk()).Length + LogFrame.OverheadBytes + "first".Length;
        await PublishFirstThenTogetherAsync(log, "one", "two", "three");
        File.Copy(log.Chunk(), before.Chunk(), overwrite: true);
        // The first of the group never reached the disk, those behind it did. All three were written before any was confirmed.
        Overwrite(before.Chunk(), group, 0);
        Assert.Equal([.. Messages, "first"], await before.ReadAllAsync());
        Assert.Equal(group, Assert.Single(before.Torn).Offset);
    }

    [Fact]
    public async Task Spoiled_marks_are_no_damage_since_the_log_itself_is_whole()
    {
        await using var log = await WriteAsync();
        await using var spoiled = log.Killed();
        await File.WriteAllBytesAsync(Path.Combine(spoiled.Folder, LogFixture.Log, "confirmed"), [1, 2, 3]);
        await File.WriteAllBytesAsync(Path.Combine(spoiled.Folder, LogFixture.Log, "acknowledged"), new byte[32]);
        Assert.Equal(Messages, await spoiled.ReadAllAsync());
    }

    [Fact]
    public async Task One_spoiled_slot_of_the_marks_leaves_the_one_before()
    {
        await using var log = await WriteAsync();
        for (var i = 0; i < 32; i++)
        {
            await using var damaged = log.Killed();
            Overwrite(Path.Combine(damaged.Folder, LogFixture.Log, "confirmed"), i, 0xFF);
            Truncate(damaged.Chunk(), LogChunk.HeaderBytes);
            await damaged.RefusedAsync();
        }
    }

    [Fact]
    public async Task The_message_says_what_to_do()
    {
        await using var log = await WriteAsync();
        await using var damaged = log.Killed();
        Overwrite(damaged.Chunk(), 40, 0xFF);
        var refused = await damaged.RefusedAsync();
        Assert.Contains(damaged.Chunk(), refused.Message, StringComparison.Ordinal);
        Assert.Contains("Put back the log's folder", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_another_log_is_refused()
    {
        await using var log = await WriteAsync();
        await using var killed = log.Killed();
        Directory.Move(Path.Combine(killed.Folder, LogFixture.Log), Path.Combine(killed.Folder, "s2.7"));
        await Assert.ThrowsAsync<CorruptLogException>(async () => await killed.Broker.OpenConsumerAsync("s2.7", killed.Cancellation));
    }

    private static async Task AssertCutAsync(LogFixture torn, long offset, long bytes)
    {
        Assert.Equal(Messages, await torn.ReadAllAsync());
        Assert.Equal([new TornTail(LogFixture.Log, torn.Chunk(), offset, bytes)], torn.Torn);
        await torn.CloseAsync();
        Assert.Equal([.. Messages, "end of test"], await torn.ReadAllAsync());
        Assert.Single(torn.Torn);
    }

    private static async Task<LogFixture> WriteAsync()
    {
        var log = await LogFixture.DeclareAsync();
        await log.ConfirmAsync(Messages);
        return log;
    }

    private static async Task PublishFirstThenTogetherAsync(LogFixture log, params string[] texts)
    {
        // The first is being made durable until all the others wait: they are the next group.
        using var all = new ManualResetEventSlim();
        var flushing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.Disk.BeforeFlush = () => { flushing.TrySetResult(); all.Wait(); };
        var first = log.PublishAsync("first");
        await flushing.Task;
        var rest = texts.Select(log.PublishAsync).ToList();
        all.Set();
        await Task.WhenAll([first, .. rest]);
    }

    private static long StartOfLastFrame => StartOfFrameAt(int.MaxValue);

    private static long StartOfFrameAt(int offset)
    {
        var start = 0L;
        var next = (long)LogChunk.HeaderBytes;
        foreach (var message in Messages)
        {
            if (offset < next)
            {
                return start;
            }

            (start, next) = (next, next + LogFrame.OverheadBytes + message.Length);
        }

        return start;
    }

    private static byte Flip(byte value, string how) => how switch
    {
        "low bit" => (byte)(value ^ 1),
        "high bit" => (byte)(value ^ 0x80),
        "all bits" => (byte)~value,
        _ => 0,
    };

    private static async Task<byte[]> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }

    private static void Overwrite(string path, long offset, byte value)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, [value], offset);
    }

    private static void Truncate(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, length);
    }
}
