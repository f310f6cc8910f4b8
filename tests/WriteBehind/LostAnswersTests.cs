using Mjolnir.Chaos;
using Mjolnir.Chaos.Objects;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind.Compaction;

namespace Mjolnir.WriteBehind.Tests;

public sealed class LostAnswersTests
{
    private const string Log = "s1.1";

    /// <summary>Of every creation in the store a third gets no answer: it was not done, was done, or is done later. Worker after worker, merges between, then the seal.</summary>
    [Fact]
    public async Task Whatever_answers_the_store_loses_every_batch_is_listed_once()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var world = new World();
            var random = new Random(seed);
            var store = new ChaosObjectStore(world.Objects, new ChaosDice(random, new ChaosRates(Lost: 0.12, Done: 0.12, Late: 0.12)));
            await world.OpenLogAsync(Log);
            for (var batch = 1; batch <= 12; batch++)
            {
                await world.PublishAsync(Log, batch, World.Put("alice", batch, batch), World.Put($"row{batch}", 1, batch));
                if (random.Next(2) == 0)
                {
                    await WorkAsync(world, store, worker => worker.DrainAsync(batch, World.Ever));
                }

                if (random.Next(4) == 0)
                {
                    await new Compactor(store, world.Time, new WriteBehindLimits { EntriesPerLog = 1, RunsPerLevel = 2 }, world.NextId()).RoundAsync(World.Ever);
                }
            }

            await world.Broker.SendSealMarkerAsync(Log, World.Ever);
            await WorkAsync(world, store, _ => Task.CompletedTask);
            Assert.True(12 == await new LogManifest(world.Objects).SealedWatermarkAsync(Log, World.Ever), $"seed {seed}");
            var rows = new List<string>();
            await foreach (var row in (await StoredRows.OpenAsync(world.Objects, World.Ever)).StreamAsync(null, World.Ever))
            {
                rows.Add($"{row.Key.PrimaryKey} {row.Version.Version} {row.Version.Stamp.Batch}");
            }

            var expected = Enumerable.Range(1, 12).Select(batch => $"row{batch} 1 {batch}").Append("alice 12 12");
            Assert.True(expected.Order(StringComparer.Ordinal).SequenceEqual(rows.Order(StringComparer.Ordinal)), $"seed {seed}");
        }
    }

    private static async Task WorkAsync(World world, ChaosObjectStore store, Func<WriteBehindWorker, Task> use)
    {
        var worker = new WriteBehindWorker(Log, world.Broker, store, TimeProvider.System, World.Patient, world.NextId());
        var run = worker.RunAsync(World.Ever);
        await use(worker);
        await worker.StopAsync(World.Ever);
        await run;
    }
}
