using System.Collections.Concurrent;
using System.Numerics;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Routing;

/// <summary>
/// Learns which parts of a handler's call name the rows that it touches (the user, an argument, an input field), from calls whose rows are known, and predicts the slots of the next call's rows: rows of one primary key share a
/// slot, so this is all that routing needs. Where there are several, the hottest comes first: a call that goes where the hot row lives leaves no lock on it elsewhere. A wrong prediction costs a hop, never correctness. Used by proxies and
/// app servers alike; one per application. Thread-safe.
/// </summary>
public sealed class KeyPredictor
{
    /// <summary>No slot: nothing is known.</summary>
    public const int Unknown = -1;

    private readonly ConcurrentDictionary<string, HandlerHabits> _handlers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, HandlerHabits>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly HeatTable _heat = new();
    private readonly HotCompany _company = new();

    /// <summary>One that knows nothing yet.</summary>
    public KeyPredictor() => _bySpan = _handlers.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>True if a call of this handler should be shown to <see cref="Learn"/>: always at first, then now and then, as habits change.</summary>
    public bool WantsToLearn(ReadOnlySpan<char> handler) => !_bySpan.TryGetValue(handler, out var habits) || habits.IsDue();

    /// <summary>Takes in a call and the primary keys of the rows it touched.</summary>
    /// <param name="handler">the handler's name; one that exists, for it is remembered</param>
    /// <param name="parts">what the call came with</param>
    /// <param name="touched">primary keys of the rows it read or wrote; may be empty</param>
    public void Learn(string handler, in CallParts parts, IReadOnlyCollection<string> touched)
    {
        if (_handlers.Count < RoutingLimits.Handlers || _handlers.ContainsKey(handler))
        {
            _handlers.GetOrAdd(handler, static _ => new HandlerHabits()).Learn(parts, touched);
        }
    }

    /// <summary>The slot beside which the call should run; <see cref="Unknown"/> if nothing is known.</summary>
    public int PredictSlot(ReadOnlySpan<char> handler, in CallParts parts)
    {
        Span<int> slots = stackalloc int[RoutingLimits.Predicted];
        return PredictSlots(handler, parts, slots) > 0 ? slots[0] : Unknown;
    }

    /// <summary>
    /// The slots that the call most probably touches, hottest first; before them the slot beside which the hottest is run together with others (<c>HotCompany</c>). A server that holds any of them is a good one: whoever got a call from a proxy keeps it then, since the proxy sees more of
    /// the traffic and knows better what is hot. Counts the call as heat: once per call.
    /// </summary>
    /// <param name="handler">the handler's name</param>
    /// <param name="parts">what the call came with</param>
    /// <param name="slots">room for <see cref="RoutingLimits.Predicted"/> slots</param>
    /// <returns>how many there are</returns>
    public int PredictSlots(ReadOnlySpan<char> handler, in CallParts parts, Span<int> slots)
    {
        if (!_bySpan.TryGetValue(handler, out var habits) || habits.Best is not { IsNone: false } sources)
        {
            return 0;
        }

        Span<byte> utf8 = stackalloc byte[RoutingLimits.ValueBytes];
        Span<ulong> ranks = stackalloc ulong[RoutingLimits.Predicted];
        var count = 0;
        var values = new CallValueReader(parts);
        while (count < ranks.Length && values.Read())
        {
            if (sources.Include(values) && values.Copy(utf8) is > 0 and var length)
            {
                var hash = Slots.HashOf(utf8[..length], out var slot);
                Insert(Rank(hash), slot, ranks, slots, count++);
            }
        }

        return Led(slots, count);
    }

    /// <summary>A call of a hot slot whose company is led by another slot is best run beside that one: it comes first, and the least hot makes room.</summary>
    private int Led(Span<int> slots, int count)
    {
        _company.Touch(slots[..count]);
        var leader = count == 0 ? Unknown : _company.LeaderOf(slots[0]);
        if (count == 0 || leader == slots[0])
        {
            return count;
        }

        var kept = Math.Min(count, RoutingLimits.Predicted - 1);
        for (var i = kept; i > 0; i--)
        {
            slots[i] = slots[i - 1];
        }

        slots[0] = leader;
        return kept + 1;
    }

    /// <summary>
    /// Hotter is higher, in powers of two: two rows about equally hot do not change places with each touch. Between equals the hash decides, so that a pair of rows is
    /// run in one place whichever comes first in the call.
    /// </summary>
    private ulong Rank(ulong hash) => ((ulong)BitOperations.Log2((uint)_heat.Touch(hash)) << 56) | (hash >> 8);

    private static void Insert(ulong rank, int slot, Span<ulong> ranks, Span<int> slots, int count)
    {
        var at = count;
        for (; at > 0 && ranks[at - 1] < rank; at--)
        {
            (ranks[at], slots[at]) = (ranks[at - 1], slots[at - 1]);
        }

        (ranks[at], slots[at]) = (rank, slot);
    }
}
