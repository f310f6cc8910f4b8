using System.Text;
using Mjolnir.Memcached;

namespace Mjolnir.Storage.Shards;

/// <summary>
/// Knows how full a shard in memcached is, by asking it now and then over the shard's own connection. A shard that is not known (not asked yet, not answering) counts as tight: writes then go by the
/// verbs that leave the old item alone when they are refused (V9m).
/// </summary>
public sealed class MemcachedFill : IAsyncDisposable
{
    private readonly MemcachedConnection _connection;
    private readonly MemcachedShardLimits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _lookNow = new(0, 1);
    private readonly Task _looking;
    private volatile Look? _look;

    internal MemcachedFill(MemcachedConnection connection, MemcachedShardLimits limits, TimeProvider time)
    {
        (_connection, _limits, _time) = (connection, limits, time);
        // Not on the thread that made the connection, nor on its synchronization context: that of a server ends before its connections do.
        _looking = Task.Run(LookNowAndThenAsync);
    }

    /// <summary>The newest figures; null while there are none.</summary>
    public ShardFigures? Figures => Valid()?.Figures;

    /// <summary>Why this server must not be a shard (it evicts, or moves pages); null if nothing is known against it.</summary>
    public string? Unfit => _look?.Unfit;

    /// <summary>The room for one more item. Called by one thread at a time.</summary>
    internal Room For(int itemBytes, bool takes)
    {
        if (Valid()?.Room is not { } room)
        {
            return Room.Tight;
        }

        var answer = room.For(itemBytes);
        if (takes && answer != Room.Reserve)
        {
            room.Take(itemBytes);
            if (room.IsUsedUp)
            {
                AskToLook();
            }
        }

        return answer;
    }

    /// <summary>Looks now: after an opening, all is different.</summary>
    internal async Task LookAsync()
    {
        var incarnation = _connection.Incarnation;
        var settings = await StatisticsAsync("settings");
        var general = await StatisticsAsync("");
        var slabs = await StatisticsAsync("slabs");
        _look = settings is null || general is null || slabs is null ? null
            : new Look(incarnation, _time.GetTimestamp(), UnfitOf(settings, general, _limits.Connection), new SlabRoom(settings, slabs), general);
    }

    /// <summary>Figures of the server; null if it does not answer.</summary>
    internal async ValueTask<MemcachedStatistics?> StatisticsAsync(string of)
    {
        var pass = new SinglePass(new MemcachedRequest(MemcachedVerb.Statistics, of));
        await _connection.RunAsync(pass);
        return pass.Status == MemcachedStatus.Hit ? new MemcachedStatistics(pass.Value.Span) : null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking;
        _stop.Dispose();
        _lookNow.Dispose();
    }

    private Look? Valid()
    {
        var look = _look;
        return look is not null && look.Incarnation == _connection.Incarnation && _time.GetElapsedTime(look.Taken) < MemcachedShardLimits.FiguresLast ? look : null;
    }

    private void AskToLook()
    {
        if (_lookNow.CurrentCount == 0)
        {
            try
            {
                _lookNow.Release();
            }
            catch (SemaphoreFullException)
            {
                // Asked for by another thread in between.
            }
        }
    }

    private async Task LookNowAndThenAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                await LookAsync();
                await _lookNow.WaitAsync(_look is { Figures.IsTight: true } ? _limits.LookWhenTight : _limits.Look, _stop.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            // The shard's connection is being closed.
        }
    }

    private static string? UnfitOf(MemcachedStatistics settings, MemcachedStatistics general, MemcachedLimits limits)
    {
        var faults = new StringBuilder();
        Require(settings.Text("evictions") == "off" && general.Number("evictions") == 0, "it evicts items: start it with -M");
        Require(settings.Text("cas_enabled") == "yes", "it keeps no tokens: start it without -C");
        Require(settings.Text("flush_enabled") == "yes", "it cannot be flushed: start it without -F");
        Require(settings.Text("slab_reassign") == "no", "it moves slab pages, which can drop items: start it with -o no_slab_reassign");
        Require(settings.Number("item_size_max") >= limits.ItemBytes, $"its items are smaller than {limits.ItemBytes} bytes: start it with -I {limits.ItemBytes}");
        return faults.Length == 0 ? null : faults.ToString();

        void Require(bool fits, string fault) => faults.Append(fits ? "" : (faults.Length == 0 ? "" : "; ") + fault);
    }

    private sealed class Look(long incarnation, long taken, string? unfit, SlabRoom room, MemcachedStatistics general)
    {
        public long Incarnation { get; } = incarnation;

        public long Taken { get; } = taken;

        public string? Unfit { get; } = unfit;

        public SlabRoom? Room { get; } = room.IsAsExpected ? room : null;

        public ShardFigures Figures { get; } = new(
            general.Number("curr_items"),
            general.Number("bytes"),
            general.Number("limit_maxbytes"),
            general.Number("total_malloced"),
            general.Number("evictions"),
            general.Number("cmd_get"),
            general.Number("get_hits"),
            general.Number("cmd_set"),
            general.Number("cas_badval"),
            general.Number("store_no_memory"),
            room.IsTight || !room.IsAsExpected);
    }
}
