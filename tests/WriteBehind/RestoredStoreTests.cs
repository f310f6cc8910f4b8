using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Registry;

namespace Mjolnir.WriteBehind.Tests;

/// <summary>A bucket or a queue was brought back from an older copy, so the two are not of one time: it is said, and no half of a transaction is served.</summary>
public sealed class RestoredStoreTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_store_older_than_its_log_is_told_by_the_missing_batches_and_the_log_keeps_what_it_has()
    {
        await _world.OpenLogAsync("s1.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        var yesterday = Copy();
        await StoreAsync("s1.1", 2, World.Put("alice", 2, 2));
        var today = Copy();
        await _world.PublishAsync("s1.1", 3, World.Put("alice", 3, 3));

        Restore(yesterday);
        var fault = await Assert.ThrowsAsync<InvariantException>(() => _world.Worker("s1.1").RunAsync(World.Ever));
        Assert.Equal(ViolationKind.BatchGap, fault.Kind);
        Assert.Equal("Batch 3 of log s1.1 came where 2 follows: batches are missing. Either the log lost them, or the store is an older copy of what it was.", fault.Message);
        Assert.Equal(1, (await _world.ManifestAsync("s1.1"))[^1].LastBatch);
        Assert.Equal(1, _world.Broker.Waiting("s1.1"));

        // With the newer copy it goes on as if nothing had been.
        Restore(today);
        await _world.StoreAsync("s1.1", 3);
        Assert.Equal("{\"v\":3}", await _world.FindAsync("alice"));
    }

    [Fact]
    public async Task A_copy_that_was_not_taken_at_one_moment_is_cut_to_a_whole_state_when_it_is_started_without_the_queues()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.OpenLogAsync("s2.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        await StoreAsync("s2.1", 1, World.Put("dave", 1, 4));
        var copy = Copy();

        // The copying takes a while: it got s1.1's manifest before this batch, and s2.1's after one that depends on it.
        await StoreAsync("s1.1", 2, World.Put("alice", 2, 2));
        await _world.PublishAsync("s2.1", 2, new Stamp("s1.1", 2), World.Put("bob", 1, 2));
        await _world.StoreAsync("s2.1", 2);
        foreach (var (name, content) in Copy().Where(each => each.Key.Contains("s2.1", StringComparison.Ordinal)))
        {
            copy[name] = content;
        }

        Restore(copy);
        _world.Broker.Lose("s1.1");
        _world.Broker.Lose("s2.1");
        await _world.RecoverAsync();
        Assert.Equal("{\"v\":1}", await _world.FindAsync("alice"));
        Assert.Equal("{\"v\":4}", await _world.FindAsync("dave"));
        Assert.Null(await _world.FindAsync("bob"));
    }

    [Fact]
    public async Task A_log_older_than_its_store_adds_nothing_that_is_stored_already()
    {
        await _world.OpenLogAsync("s1.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        await StoreAsync("s1.1", 2, World.Put("alice", 2, 2));

        // The queue is brought back from when nothing of it had been stored.
        _world.Broker.Lose("s1.1");
        await _world.Broker.DeclareAsync("s1.1", World.Ever);
        await using (var older = await _world.Broker.OpenPublisherAsync("s1.1", World.Ever))
        {
            await older.PublishAsync(BatchCodec.Encode(new("s1.1", 1, 1, BatchKind.Records, 0, 1, [], [World.Put("alice", 1, 1)])), World.Ever);
        }

        Assert.Equal(2, await _world.SealAsync("s1.1"));
        var manifest = await _world.ManifestAsync("s1.1");
        Assert.Equal([ManifestKind.Segment, ManifestKind.Segment, ManifestKind.Seal], manifest.Select(entry => entry.Kind));
        Assert.Equal("{\"v\":2}", await _world.FindAsync("alice"));
    }

    [Fact]
    public async Task A_log_that_a_later_release_registered_is_refused_by_its_format_and_nothing_of_it_is_touched()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        _world.Objects["registry/logs/s1.1.json"] = "{\"format\":2,\"log\":\"s1.1\"}\n"u8.ToArray();
        var fault = await Assert.ThrowsAsync<CorruptDataException>(() => _world.Worker("s1.1").RunAsync(World.Ever));
        Assert.Contains("format 2; this program knows format 1 (in registry/logs/s1.1.json", fault.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (_world.Broker.Waiting("s1.1"), (await _world.ManifestAsync("s1.1")).Count));
        Assert.Equal(["s1.1"], await new ClusterRegistry(_world.Objects).ListLogsAsync(World.Ever));
    }

    private async Task StoreAsync(string log, long batch, BatchRecord record)
    {
        await _world.PublishAsync(log, batch, record);
        await _world.StoreAsync(log, batch);
    }

    private Dictionary<string, byte[]> Copy() => _world.Objects.Names.ToDictionary(name => name, name => _world.Objects[name]);

    private void Restore(Dictionary<string, byte[]> copy)
    {
        foreach (var name in _world.Objects.Names.Except(copy.Keys))
        {
            Assert.True(_world.Objects.DeleteAsync(name, World.Ever).IsCompletedSuccessfully);
        }

        foreach (var (name, content) in copy)
        {
            _world.Objects[name] = content;
        }
    }
}
