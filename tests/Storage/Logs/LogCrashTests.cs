using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>The process dies at a random step of the disk, with a random part of the write done: nothing confirmed is lost, nothing appears that was not published.</summary>
public sealed class LogCrashTests
{
    private const int Messages = 40;
    private const double CrashChance = 0.15;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task After_a_crash_at_any_step_all_that_was_confirmed_is_there_in_order(int seed)
    {
        var random = new Random(seed);
        await using var log = await LogFixture.DeclareAsync(new FileLogLimits { ChunkBytes = 300, TailBytes = 50, ReadMessages = 3 });
        var crashes = new List<(LogFixture Left, long Confirmed, long Acknowledged)>();
        var (confirmed, acknowledged) = (0L, 0L);
        void Crash()
        {
            if (random.NextDouble() < CrashChance)
            {
                crashes.Add((log.Killed(), Volatile.Read(ref confirmed), Volatile.Read(ref acknowledged)));
            }
        }

        log.Disk.BeforeFlush = Crash;
        log.Disk.BeforeWrite = (file, bytes, offset) =>
        {
            Crash();
            RandomAccess.Write(file, bytes.AsSpan(0, random.Next(bytes.Length)), offset);
            Crash();
        };
        await using (var consumer = await log.Broker.OpenConsumerAsync(LogFixture.Log, log.Cancellation))
        {
            var read = 0L;
            for (var i = 1; i <= Messages; i++)
            {
                await log.ConfirmAsync($"{i}");
                confirmed = i;
                if (random.Next(3) == 0)
                {
                    read = (await consumer.ReadAsync(log.Cancellation))[^1].Delivery;
                    await consumer.AcknowledgeAsync(read, log.Cancellation);
                    acknowledged = read;
                }
            }
        }

        Assert.NotEmpty(crashes);
        foreach (var (left, sure, stored) in crashes)
        {
            await AssertWholeAsync(left, sure, stored, seed);
        }
    }

    private static async Task AssertWholeAsync(LogFixture left, long confirmed, long acknowledged, int seed)
    {
        await using var closing = left;
        var texts = await left.ReadAllAsync();
        // One message may have been under way: there or not, but whole.
        var last = acknowledged + texts.Count;
        Assert.True(last == confirmed || last == confirmed + 1, $"seed {seed}: {confirmed} confirmed, {last} found");
        Assert.Equal(Enumerable.Range((int)acknowledged + 1, texts.Count).Select(i => $"{i}"), texts);
    }
}
