using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Routing;

/// <summary>
/// Which hot slots are often touched together, and the slot beside which such a company is run. Two hot rows on two shards, written by the same calls, would make two servers wait for each other's
/// log in every batch; run in one place they are changed in memory. The hottest slot of a company leads it; a slot follows the hottest slot that it shares enough of its calls with. Few slots
/// can be hot at once, so the counts of pairs are a small square; who follows whom is worked out once in a window. Racing counts may be lost: they are estimates.
/// </summary>
internal sealed class HotCompany
{
    private readonly int[] _touches = new int[Slots.Count];
    private readonly Lock _gate = new();
    private volatile Ranking _ranking = Ranking.Empty;
    private int _calls;

    /// <summary>Counts a call's slots.</summary>
    public void Touch(ReadOnlySpan<int> slots)
    {
        var ranking = _ranking;
        for (var i = 0; i < slots.Length; i++)
        {
            _touches[slots[i]]++;
            if (ranking.Hot.Length > 0)
            {
                for (var j = 0; j < i; j++)
                {
                    ranking.Meet(slots[i], slots[j]);
                }
            }
        }

        if (Interlocked.Increment(ref _calls) % RoutingLimits.CompanyWindow == 0)
        {
            Rank();
        }
    }

    /// <summary>The slot beside which calls of this slot are best run; mostly itself.</summary>
    public int LeaderOf(int slot) => _ranking.Leader(slot);

    private void Rank()
    {
        lock (_gate)
        {
            var hot = Hottest();
            _ranking = new Ranking(hot, Leaders(_ranking, hot));
            for (var slot = 0; slot < _touches.Length; slot++)
            {
                _touches[slot] >>= 1;
            }
        }
    }

    /// <summary>The hottest slots, hottest first.</summary>
    private int[] Hottest()
    {
        var hot = new List<int>();
        for (var slot = 0; slot < _touches.Length; slot++)
        {
            if (_touches[slot] >= RoutingLimits.CompanyTouches)
            {
                hot.Add(slot);
            }
        }

        hot.Sort((one, other) => (_touches[other], one).CompareTo((_touches[one], other)));
        return [.. hot.Take(RoutingLimits.CompanySlots)];
    }

    /// <summary>Each hot slot's leader: of the hotter slots that it met in enough of its calls, the leader of the hottest.</summary>
    private static Dictionary<int, int> Leaders(Ranking met, int[] hot)
    {
        var leaders = new Dictionary<int, int>();
        for (var i = 1; i < hot.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (met.Meetings(hot[i], hot[j]) >= RoutingLimits.CompanyMeetings)
                {
                    leaders[hot[i]] = leaders.GetValueOrDefault(hot[j], hot[j]);
                    break;
                }
            }
        }

        return leaders;
    }

    /// <summary>The hot slots of a window with their leaders, and how often they meet in the next one.</summary>
    private sealed class Ranking
    {
        public static readonly Ranking Empty = new([], []);

        private readonly Dictionary<int, int> _index = [];
        private readonly Dictionary<int, int> _leaders;
        private readonly int[] _meetings;

        public Ranking(int[] hot, Dictionary<int, int> leaders)
        {
            Hot = hot;
            _leaders = leaders;
            _meetings = new int[hot.Length * hot.Length];
            for (var i = 0; i < hot.Length; i++)
            {
                _index[hot[i]] = i;
            }
        }

        public int[] Hot { get; }

        public int Leader(int slot) => _leaders.Count == 0 ? slot : _leaders.GetValueOrDefault(slot, slot);

        public void Meet(int one, int other)
        {
            if (_index.TryGetValue(one, out var i) && _index.TryGetValue(other, out var j))
            {
                _meetings[(Math.Min(i, j) * Hot.Length) + Math.Max(i, j)]++;
            }
        }

        public int Meetings(int one, int other) =>
            _index.TryGetValue(one, out var i) && _index.TryGetValue(other, out var j) ? _meetings[(Math.Min(i, j) * Hot.Length) + Math.Max(i, j)] : 0;
    }
}
