using Mjolnir.Chaos.Logs;
using Mjolnir.Chaos.Objects;
using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Tests;

public sealed class WriteBehindWorkerTests
{
    private const string Log = "s1.1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly World _world = new();

    private static Func<StoreOperation, bool> CreatesEntry { get; } = operation => operation.Verb == StoreVerb.Create && operation.Name.Contains("/entries/", StringComparison.Ordinal);

    [Fact]
    public async Task What_was_published_is_found_in_the_store()
    {
        await PublishTwoAsync();
        await _world.StoreAsync(Log, 2);
        Assert.Equal("{\"v\":2}", await _world.FindAsync("alice"));
        Assert.Equal("{\"v\":7}", await _world.FindAsync("bob"));
        Assert.Null(await _world.FindAsync("carol"));
        Assert.Equal(2, _world.Broker.Acknowledged(Log));
        var entry = Assert.Single(await _world.ManifestAsync(Log));
        Assert.Equal((1, 1, 2, 2), (entry.Number, entry.FirstBatch, entry.LastBatch, entry.Rows));
    }

    [Fact]
    public async Task A_batch_is_acknowledged_only_when_the_manifest_lists_it()
    {
        await PublishTwoAsync();
        var gate = _world.Store.HoldNext(CreatesEntry);
        var storing = _world.StoreAsync(Log, 2);
        await gate.Reached.WaitAsync(Patience);
        Assert.Equal(0, _world.Broker.Acknowledged(Log));
        gate.Release();
        await storing;
        Assert.Equal(2, _world.Broker.Acknowledged(Log));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task An_own_entry_whose_answer_was_lost_is_recognised(bool applied, bool later)
    {
        await PublishTwoAsync();
        var gate = _world.Store.HoldNext(CreatesEntry);
        gate.ReleaseAsUnknown(applied, later);
        await _world.StoreAsync(Log, 2);
        await gate.ApplyLateAsync();
        Assert.Single(await _world.ManifestAsync(Log));
        Assert.Equal(2, _world.Broker.Acknowledged(Log));
    }

    [Fact]
    public async Task W3_a_redelivered_batch_is_not_listed_twice()
    {
        await PublishTwoAsync();
        _world.Logs.HoldNext(operation => operation.Verb == LogVerb.Acknowledge).ReleaseByThrowing(new IOException("killed"));
        await Assert.ThrowsAsync<IOException>(() => _world.StoreAsync(Log, 2));
        Assert.Equal(0, _world.Broker.Acknowledged(Log));

        await _world.PublishAsync(Log, 3, World.Put("alice", 3, 3));
        await _world.StoreAsync(Log, 3);
        Assert.Equal([(1, 2), (3, 3)], (await _world.ManifestAsync(Log)).Select(entry => (entry.FirstBatch, entry.LastBatch)));
        Assert.Equal(3, _world.Broker.Acknowledged(Log));
    }

    [Fact]
    public async Task Only_redelivered_batches_are_acknowledged_again_at_once()
    {
        await PublishTwoAsync();
        _world.Logs.HoldNext(operation => operation.Verb == LogVerb.Acknowledge).ReleaseByThrowing(new IOException("killed"));
        await Assert.ThrowsAsync<IOException>(() => _world.StoreAsync(Log, 2));
        await _world.StoreAsync(Log, 2);
        Assert.Equal(2, _world.Broker.Acknowledged(Log));
    }

    [Fact]
    public async Task W3_a_paused_worker_that_finds_its_number_taken_drops_what_is_listed_and_goes_on()
    {
        var world = new World(steals: true);
        await world.OpenLogAsync(Log);
        await world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        await world.PublishAsync(Log, 2, World.Put("alice", 2, 2));
        var gate = world.Store.HoldNext(CreatesEntry);
        var paused = world.Worker(Log);
        var pausedRun = paused.RunAsync(World.Ever);
        var drained = paused.DrainAsync(2, World.Ever);
        await gate.Reached.WaitAsync(Patience);

        await world.StoreAsync(Log, 2);
        gate.Release();
        await drained.WaitAsync(Patience);
        await world.PublishAsync(Log, 3, World.Put("alice", 3, 3));
        await paused.DrainAsync(3, World.Ever).WaitAsync(Patience);
        await paused.StopAsync(World.Ever);
        await pausedRun;
        Assert.Equal([(1, 2), (3, 3)], (await world.ManifestAsync(Log)).Select(entry => (entry.FirstBatch, entry.LastBatch)));
    }

    [Fact]
    public async Task W2_a_standby_reads_the_manifest_only_when_it_is_active()
    {
        await PublishTwoAsync();
        var first = _world.Worker(Log);
        var firstRun = first.RunAsync(World.Ever);
        var standby = _world.Worker(Log);
        var standbyRun = standby.RunAsync(World.Ever);
        await first.DrainAsync(2, World.Ever);
        await first.StopAsync(World.Ever);
        await firstRun;

        await _world.PublishAsync(Log, 3, World.Put("alice", 3, 3));
        await standby.DrainAsync(3, World.Ever).WaitAsync(Patience);
        await standby.StopAsync(World.Ever);
        await standbyRun;
        Assert.Equal([(1, 2), (3, 3)], (await _world.ManifestAsync(Log)).Select(entry => (entry.FirstBatch, entry.LastBatch)));
    }

    [Fact]
    public async Task W1_a_take_over_worker_with_a_stale_manifest_does_not_seal_too_low()
    {
        var world = new World(steals: true);
        await world.OpenLogAsync(Log);
        await world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        var paused = world.Worker(Log);
        var gate = world.Store.HoldNext(CreatesEntry);
        var pausedRun = paused.RunAsync(World.Ever);
        var drained = paused.DrainAsync(1, World.Ever);
        await gate.Reached.WaitAsync(Patience);

        // The queue takes the paused worker for dead. The next one reads an empty manifest, then waits for the queue.
        var read = world.Logs.HoldNext(operation => operation.Verb == LogVerb.Read);
        var takeOver = world.Worker(Log);
        var takeOverRun = takeOver.RunAsync(World.Ever);
        await read.Reached.WaitAsync(Patience);

        // The paused one wakes, lists batch 1 and acknowledges it; what the other one gets is the marker alone.
        // The paused one is held before its own seal: were the marker acknowledged, the other one would be given nothing.
        gate.Release();
        await drained.WaitAsync(Patience);
        var seal = world.Store.HoldNext(CreatesEntry);
        await world.Broker.SendSealMarkerAsync(Log, World.Ever);
        await seal.Reached.WaitAsync(Patience);
        read.Release();
        Assert.Equal(WorkerEnd.Sealed, await takeOverRun.WaitAsync(Patience));
        seal.Release();
        Assert.Equal(WorkerEnd.Sealed, await pausedRun.WaitAsync(Patience));
        var manifest = await world.ManifestAsync(Log);
        Assert.Equal((ManifestKind.Seal, 1L), (manifest[^1].Kind, manifest[^1].LastBatch));
        Assert.Equal("{\"v\":1}", await world.FindAsync("alice"));
    }

    [Fact]
    public async Task A_sealed_log_holds_what_is_before_the_marker_and_nothing_behind_it()
    {
        await PublishTwoAsync();
        await _world.Broker.SendSealMarkerAsync(Log, World.Ever);
        await _world.PublishAsync(Log, 3, World.Put("alice", 3, 3));
        Assert.Equal(WorkerEnd.Sealed, await _world.Worker(Log).RunAsync(World.Ever).WaitAsync(Patience));
        Assert.Equal("{\"v\":2}", await _world.FindAsync("alice"));
        Assert.Equal(2, (await _world.RowsAsync()).SealedLogs[Log]);
        Assert.Equal(0, _world.Broker.Waiting(Log));
    }

    [Fact]
    public async Task Sealing_an_empty_log_gives_watermark_zero()
    {
        await _world.OpenLogAsync(Log);
        Assert.Equal(0, await _world.SealAsync(Log));
        Assert.Equal(0, await _world.SealAsync(Log));
    }

    [Fact]
    public async Task A_missing_batch_stops_the_worker_and_nothing_is_acknowledged()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        await _world.PublishAsync(Log, 3, World.Put("alice", 2, 2));
        await Assert.ThrowsAsync<InvariantException>(() => _world.StoreAsync(Log, 3));
        Assert.Equal(0, _world.Broker.Acknowledged(Log));
        Assert.Empty(await _world.ManifestAsync(Log));
    }

    [Fact]
    public async Task A_batch_number_used_twice_stops_the_worker()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        await _world.PublishAsync(Log, 1, World.Put("bob", 1, 1));
        await Assert.ThrowsAsync<InvariantException>(() => _world.StoreAsync(Log, 2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_version_used_twice_or_left_out_stops_the_worker(long version)
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        await _world.PublishAsync(Log, 2, World.Put("alice", version, 2));
        await Assert.ThrowsAsync<InvariantException>(() => _world.StoreAsync(Log, 2));
        Assert.Equal(0, _world.Broker.Acknowledged(Log));
    }

    [Fact]
    public async Task Versions_of_another_log_may_lie_between()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        await _world.PublishAsync(Log, 2, new Stamp("s2.1", 9), World.Put("alice", 3, 3));
        await _world.StoreAsync(Log, 2);
        Assert.Equal([new Stamp("s2.1", 9)], Assert.Single(await _world.ManifestAsync(Log)).Foreign);
    }

    [Fact]
    public async Task A_damaged_message_stops_the_worker()
    {
        await _world.OpenLogAsync(Log);
        var publisher = await _world.Broker.OpenPublisherAsync(Log, World.Ever);
        var bytes = BatchCodec.Encode(new Batch(Log, 1, 1, BatchKind.Records, 0, 0, [], []));
        bytes[7] ^= 1;
        await publisher.PublishAsync(bytes, World.Ever);
        var fault = await Assert.ThrowsAsync<DamagedMessageException>(() => _world.StoreAsync(Log, 1));
        Assert.Contains("of log s1.1 is damaged", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_store_is_down_the_queue_grows_and_nothing_is_lost()
    {
        await PublishTwoAsync();
        var outage = _world.Store.HoldEach(operation => operation.Verb == StoreVerb.Create);
        outage.ReleaseByThrowing(new StoreUnavailableException("down"));
        var worker = _world.Worker(Log);
        var run = worker.RunAsync(World.Ever);
        var drained = worker.DrainAsync(3, World.Ever);
        await outage.Reached.WaitAsync(Patience);
        await _world.PublishAsync(Log, 3, World.Put("alice", 3, 3));
        Assert.Equal(0, worker.StoredBatch);
        Assert.True(worker.Backlog > 0);

        outage.Dispose();
        await drained.WaitAsync(Patience);
        await worker.StopAsync(World.Ever);
        Assert.Equal(WorkerEnd.Stopped, await run);
        Assert.Equal("{\"v\":3}", await _world.FindAsync("alice"));
        Assert.Equal(0, worker.Backlog);
    }

    [Fact]
    public async Task A_segment_is_stored_a_second_after_its_first_batch()
    {
        await PublishTwoAsync();
        var worker = _world.Worker(Log, new WriteBehindLimits(), _world.Time);
        var run = worker.RunAsync(World.Ever);
        Assert.True(SpinWait.SpinUntil(() => _world.Time.IsAwaited, Patience));
        _world.Time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Empty(await _world.ManifestAsync(Log));
        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(SpinWait.SpinUntil(() => worker.StoredBatch == 2, Patience));
        await worker.StopAsync(World.Ever);
        await run;
    }

    [Fact]
    public async Task Storing_a_second_of_work_is_one_request()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        await _world.PublishAsync(Log, 2, World.Put("bob", 1, 1));
        var made = 0;
        using var counted = _world.Store.HoldEach(operation => operation.Verb == StoreVerb.Create && Interlocked.Increment(ref made) < 0);
        await _world.StoreAsync(Log, 2);
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task Empty_batches_wait_for_company_and_need_no_segment()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1);
        await _world.PublishAsync(Log, 2);
        var worker = _world.Worker(Log, new WriteBehindLimits(), _world.Time);
        var run = worker.RunAsync(World.Ever);
        Assert.True(SpinWait.SpinUntil(() => _world.Time.IsAwaited, Patience));
        _world.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, worker.StoredBatch);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(SpinWait.SpinUntil(() => worker.StoredBatch == 2, Patience));
        await worker.StopAsync(World.Ever);
        await run;
        Assert.False(Assert.Single(await _world.ManifestAsync(Log)).HasRows);
    }

    [Fact]
    public async Task A_view_marker_is_stored_at_once_because_the_opening_waits_for_it()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(new Batch(Log, 1, 7, BatchKind.View, 0, 0, [], []));
        var worker = _world.Worker(Log);
        var run = worker.RunAsync(World.Ever);
        Assert.True(SpinWait.SpinUntil(() => worker.StoredBatch == 1, Patience));
        await worker.StopAsync(World.Ever);
        await run;
        Assert.Equal(7, Assert.Single(await _world.ManifestAsync(Log)).LastView);
    }

    [Fact]
    public async Task Stopping_stores_everything_consumed()
    {
        await PublishTwoAsync();
        var worker = _world.Worker(Log);
        var run = worker.RunAsync(World.Ever);
        await worker.StopAsync(World.Ever).WaitAsync(Patience);
        Assert.Equal(WorkerEnd.Stopped, await run);
        Assert.Equal(2, worker.StoredBatch);
        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.DrainAsync(3, World.Ever));
    }

    [Fact]
    public async Task An_expired_transaction_id_hides_its_row()
    {
        await _world.OpenLogAsync(Log);
        var key = World.Key("{alice}1", "_tx");
        await _world.PublishAsync(Log, 1, new BatchRecord(key, 1, RowState.Present, Mjolnir.Core.Documents.Document.FromText("{}")));
        await _world.StoreAsync(Log, 1);
        Assert.NotNull(await (await _world.RowsAsync()).FindAsync(key, World.Ever));
        _world.Time.Advance(TimeSpan.FromMinutes(10));
        await _world.PublishAsync(Log, 2, new BatchRecord(key, 2, RowState.Absent, null));
        await _world.StoreAsync(Log, 2);
        Assert.Null(await (await _world.RowsAsync()).FindAsync(key, World.Ever));

        // Used again it starts at version 1, and that life counts.
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        await _world.PublishAsync(Log, 3, new BatchRecord(key, 1, RowState.Present, Mjolnir.Core.Documents.Document.FromText("{\"again\":1}")));
        await _world.StoreAsync(Log, 3);
        Assert.Equal("{\"again\":1}", (await (await _world.RowsAsync()).FindAsync(key, World.Ever))?.Value?.ToString());
    }

    private async Task PublishTwoAsync()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1), World.Put("bob", 7, 7));
        await _world.PublishAsync(Log, 2, World.Put("alice", 2, 2));
    }
}
