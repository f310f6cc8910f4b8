using Mjolnir.Cli.Roles;
using Mjolnir.Core.Views;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>A server whose memcached nobody reaches serves by the others' and looked well: nothing told its operator.</summary>
public sealed class Shards_that_are_missing
{
    private readonly ManualClock _clock = new();
    private readonly List<string> _told = [];

    [Fact]
    public void A_memcached_without_slots_is_told_once_with_its_address()
    {
        var presence = Presence();
        Judge(presence, "s1", seconds: 11);

        Assert.Contains("10.0.0.5:11211, holds no slots", Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_joins_in_time_is_not_told_and_one_that_leaves_later_is()
    {
        var presence = Presence();
        Judge(presence, "s1", seconds: 9);
        Judge(presence, "s2", seconds: 20);
        Assert.Empty(_told);

        Judge(presence, "s1", seconds: 11);
        Judge(presence, "s2", seconds: 1);
        Judge(presence, "s1", seconds: 11);
        Assert.Equal(2, _told.Count);
    }

    private ShardPresence Presence() => new("s2", "10.0.0.5:11211", _clock, _told.Add);

    /// <summary>Looks twice a second at a view in which there is one shard only.</summary>
    private void Judge(ShardPresence presence, string shard, int seconds)
    {
        for (var looks = 0; looks < 2 * seconds; looks++)
        {
            presence.Judge(new ClusterView(1, [new ShardDescription(shard, "label")], [], []));
            _clock.Advance(TimeSpan.FromMilliseconds(500));
        }
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
