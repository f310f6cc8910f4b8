using Mjolnir.Storage.Logs;

namespace Mjolnir.WriteBehind.Tests;

public sealed class LogSealerTests
{
    private const string Log = "s1.1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly World _world = new();

    [Fact]
    public void V10_a_sealer_waits_longer_than_an_owner_believes_by_more_than_a_tick_and_a_clock_that_is_one_percent_off()
    {
        var tick = TimeSpan.FromMilliseconds(16);
        Assert.True(new WriteBehindLimits().SealWait >= (LogLease.Held * 1.02) + tick);
    }

    [Fact]
    public async Task V9_the_marker_is_sent_two_seconds_after_unbinding()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        var sealer = new LogSealer(_world.Logs, _world.Store, _world.Time, new WriteBehindLimits());
        var closing = sealer.CloseAsync(Log, isKnownDead: false, World.Ever).AsTask();
        Assert.Equal(PublishOutcome.Unroutable, await _world.PublishAsync(Log, 2, World.Put("alice", 2, 2)));
        _world.Time.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.Equal(1, _world.Broker.Waiting(Log));
        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        await closing.WaitAsync(Patience);
        Assert.Equal(2, _world.Broker.Waiting(Log));
    }

    [Fact]
    public async Task Everybody_who_seals_a_log_learns_the_same_watermark()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        var run = _world.Worker(Log).RunAsync(World.Ever);
        var sealers = Enumerable.Range(0, 4).Select(_ => new LogSealer(_world.Logs, _world.Store, TimeProvider.System, World.Patient).SealAsync(Log, isKnownDead: true, World.Ever).AsTask());
        Assert.All(await Task.WhenAll(sealers).WaitAsync(Patience), watermark => Assert.Equal(1, watermark));
        await run;
    }

    [Fact]
    public async Task A_log_without_a_worker_is_reported()
    {
        await _world.OpenLogAsync(Log);
        var limits = World.Patient with { SealPatience = TimeSpan.FromMilliseconds(20) };
        var sealer = new LogSealer(_world.Logs, _world.Store, TimeProvider.System, limits);
        await Assert.ThrowsAsync<TimeoutException>(async () => await sealer.SealAsync(Log, isKnownDead: true, World.Ever));
    }

    [Fact]
    public async Task A_log_that_another_has_sealed_and_deleted_meanwhile_is_sealed_all_the_same()
    {
        await _world.OpenLogAsync(Log);
        await _world.PublishAsync(Log, 1, World.Put("alice", 1, 1));
        var sealing = new LogSealer(_world.Logs, _world.Store, _world.Time, new WriteBehindLimits()).SealAsync(Log, isKnownDead: false, World.Ever).AsTask();
        var other = new LogSealer(_world.Logs, _world.Store, TimeProvider.System, World.Patient).SealAsync(Log, isKnownDead: true, World.Ever).AsTask();
        await _world.Worker(Log).RunAsync(World.Ever);
        await other.WaitAsync(Patience);
        await _world.Broker.DeleteAsync(Log, World.Ever);

        _world.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(1, await sealing.WaitAsync(Patience));
    }
}
