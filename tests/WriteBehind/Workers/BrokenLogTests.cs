using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Violations;
using Mjolnir.WriteBehind.Tests.Views;

namespace Mjolnir.WriteBehind.Tests.Workers;

/// <summary>Each broken rule of a log, fed in: its work stops by name, nothing of what is wrong is stored or acknowledged, and another log goes on.</summary>
public sealed class BrokenLogTests : IAsyncLifetime
{
    private const string Broken = "s1.1";
    private const string Sound = "s2.1";

    private readonly ClusterTest _cluster = new();

    private World World => _cluster.World;

    public async Task InitializeAsync()
    {
        await World.OpenLogAsync(Broken);
        await World.OpenLogAsync(Sound);
        await World.PublishAsync(Broken, 1, World.Put("alice", 1, 1), World.Put("bob", 1, 1));
        await World.PublishAsync(Sound, 1, World.Put("zoe", 1, 1));
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Theory]
    [InlineData(ViolationKind.VersionGap, 3, "alice")]
    [InlineData(ViolationKind.VersionDuplicate, 1, "alice")]
    public async Task A_version_left_out_or_used_twice_also_behind_what_is_stored_already(ViolationKind kind, long version, string name)
    {
        var (host, _) = _cluster.StartWorkers("s1");
        await StoredAsync(Broken, 1);
        await World.PublishAsync(Broken, 2, World.Put("bob", 2, 2));
        await StoredAsync(Broken, 2);
        await World.PublishAsync(Broken, 3, World.Put(name, version, 3));
        await StoppedAsync(host, kind, stored: 2, name, $"{Broken}:3");
    }

    [Fact]
    public async Task A_version_that_goes_back_although_another_log_wrote_between()
    {
        var (host, _) = _cluster.StartWorkers("s1");
        await World.PublishAsync(Broken, 2, new Stamp(Sound, 1), World.Put("alice", 5, 2));
        await StoredAsync(Broken, 2);
        await World.PublishAsync(Broken, 3, new Stamp(Sound, 1), World.Put("alice", 4, 3));
        await StoppedAsync(host, ViolationKind.VersionDuplicate, stored: 2, "alice", $"{Broken}:3");
    }

    [Fact]
    public async Task A_missing_batch()
    {
        var (host, _) = _cluster.StartWorkers("s1");
        await StoredAsync(Broken, 1);
        await World.PublishAsync(Broken, 3, World.Put("alice", 2, 2));
        await StoppedAsync(host, ViolationKind.BatchGap, stored: 1, "Batch 3 of log s1.1", "2 follows");
    }

    [Fact]
    public async Task A_batch_number_used_twice_before_it_is_stored()
    {
        await World.PublishAsync(Broken, 1, World.Put("alice", 1, 7));
        var (host, _) = _cluster.StartWorkers("s1");
        await StoppedAsync(host, ViolationKind.BatchDuplicate, stored: 0, "Batch 1 of log s1.1");
    }

    [Fact]
    public async Task A_batch_of_another_log()
    {
        var (host, _) = _cluster.StartWorkers("s1");
        await StoredAsync(Broken, 1);
        await PublishAsync(new Batch("s9.9", 2, 1, BatchKind.Records, 0, 1, [], [World.Put("alice", 2, 2)]));
        await StoppedAsync(host, ViolationKind.BrokenRule, stored: 1, "s9.9", Broken);
    }

    [Fact]
    public async Task A_view_that_goes_back()
    {
        var (host, _) = _cluster.StartWorkers("s1");
        await PublishAsync(new Batch(Broken, 2, 5, BatchKind.View, 0, 0, [], []));
        await StoredAsync(Broken, 2);
        await PublishAsync(new Batch(Broken, 3, 4, BatchKind.Records, 0, 1, [], [World.Put("alice", 2, 2)]));
        await StoppedAsync(host, ViolationKind.StampOrder, stored: 2, "view 4", "view 5");
    }

    [Fact]
    public async Task A_damaged_message()
    {
        var (host, _) = _cluster.StartWorkers("s1");
        await StoredAsync(Broken, 1);
        await PublishAsync(new Batch(Broken, 2, 1, BatchKind.Records, 0, 1, [], [World.Put("alice", 2, 2)]), damaged: true);
        await StoppedAsync(host, ViolationKind.DamagedData, stored: 1, $"log {Broken}");
    }

    [Fact]
    public async Task A_manifest_that_is_damaged_is_waited_for_until_it_is_mended()
    {
        await World.StoreAsync(Broken, 1);
        var entry = Storage.Objects.ObjectNames.ManifestEntry(Broken, 1);
        World.Objects[entry][^40] ^= 1;
        await World.PublishAsync(Broken, 2, World.Put("alice", 2, 2));
        var (host, _) = _cluster.StartWorkers("s1");
        await _cluster.EventuallyAsync(() => _cluster.DamagedLogs.Any(told => (told.Log, told.Fault.ObjectName) == (Broken, entry)));
        await GoesOnAsync();
        Assert.Empty(host.Failed);

        World.Objects[entry][^40] ^= 1;
        await StoredAsync(Broken, 2);
    }

    private async Task PublishAsync(Batch batch, bool damaged = false)
    {
        var message = BatchCodec.Encode(batch);
        message[^9] ^= damaged ? (byte)1 : (byte)0;
        await (await World.Broker.OpenPublisherAsync(Broken, World.Ever)).PublishAsync(message, World.Ever);
    }

    private async Task StoppedAsync(Mjolnir.WriteBehind.Workers.WorkerHost host, ViolationKind kind, long stored, params string[] named)
    {
        await FailedAsync(host, kind, named);
        await GoesOnAsync();
        Assert.Equal([Broken], host.Failed.Keys);
        Assert.Equal(stored, (await World.ManifestAsync(Broken)).LastOrDefault()?.LastBatch ?? 0);
        Assert.True(World.Broker.Waiting(Broken) > 0, "what is not stored stays in the queue");
    }

    private async Task FailedAsync(Mjolnir.WriteBehind.Workers.WorkerHost host, ViolationKind kind, params string[] named)
    {
        var fault = await _cluster.EventuallyAsync(() => host.Failed.GetValueOrDefault(Broken));
        Assert.Equal(kind, Violation.Of($"log {Broken}", fault).Kind);
        Assert.All(named, name => Assert.Contains(name, fault.Message));
    }

    private async Task GoesOnAsync()
    {
        await World.PublishAsync(Sound, 2, World.Put("zoe", 2, 2));
        await StoredAsync(Sound, 2);
    }

    private async Task StoredAsync(string log, long batch)
    {
        for (var start = TimeProvider.System.GetTimestamp(); (await World.ManifestAsync(log)) is not [.., var last] || last.LastBatch < batch;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < ClusterTest.Patience, $"batch {batch} of {log} is not stored: {string.Join("; ", _cluster.Faults)}");
            await Task.Delay(5);
        }
    }
}
