using Mjolnir.Core.Batches;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind.Compaction;

namespace Mjolnir.WriteBehind.Tests;

/// <summary>The same code over the embedded stack's files: log folder, store folder, several runs of a process.</summary>
public sealed class EmbeddedStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mjolnir-write-behind-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Rows_survive_run_after_run_with_merges_between()
    {
        var time = new ManualTime();
        var ids = 0;
        string NextId() => $"id{++ids}";
        for (var run = 1; run <= 6; run++)
        {
            await using var broker = new FileLogBroker(Path.Combine(_folder, "logs"));
            var store = new FolderObjectStore(Path.Combine(_folder, "store"));
            var recovered = await Recovery.RunAsync(broker, store, ["s1"], TimeProvider.System, null, World.Ever, NextId);
            Assert.Equal(run, recovered.View.Number);
            var rows = await StoredRows.OpenAsync(store, World.Ever);
            Assert.Equal(run == 1 ? null : $"{{\"v\":{run - 1}}}", (await rows.FindAsync(World.Key("alice"), World.Ever))?.Value?.ToString());
            Assert.Equal(run - 1, rows.SealedLogs.Count);

            var log = $"s1.{await new ClusterRegistry(store).NextEpochAsync("s1", World.Ever)}";
            Assert.Equal($"s1.{run}", log);
            await broker.DeclareAsync(log, World.Ever);
            await new ClusterRegistry(store).RegisterLogAsync(log, World.Ever);
            await using var publisher = await broker.OpenPublisherAsync(log, World.Ever);
            var batch = new Batch(log, 1, run, BatchKind.Records, 0, 1, [], [World.Put("alice", run, run), World.Put($"row{run}", 1, run)]);
            Assert.Equal(PublishOutcome.Confirmed, await publisher.PublishAsync(BatchCodec.Encode(batch), World.Ever));

            // The process ends here without storing anything: the next one drains the log. Every other run merges.
            if (run % 2 == 0)
            {
                await new Compactor(store, time, new WriteBehindLimits { EntriesPerLog = 1 }, NextId()).RoundAsync(World.Ever);
            }
        }

        await using (var broker = new FileLogBroker(Path.Combine(_folder, "logs")))
        {
            var store = new FolderObjectStore(Path.Combine(_folder, "store"));
            await Recovery.RunAsync(broker, store, ["s1"], TimeProvider.System, null, World.Ever, NextId);
            var names = new List<string>();
            await foreach (var row in (await StoredRows.OpenAsync(store, World.Ever)).StreamAsync(null, World.Ever))
            {
                names.Add(row.Key.PrimaryKey);
            }

            Assert.Equal(["alice", "row1", "row2", "row3", "row4", "row5", "row6"], names);
            Assert.Empty(await broker.ListAsync([], World.Ever));
        }
    }
}
