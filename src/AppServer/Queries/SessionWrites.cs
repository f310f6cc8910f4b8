using System.Collections.Concurrent;
using Mjolnir.Core.Envelopes;

namespace Mjolnir.AppServer.Queries;

/// <summary>
/// Which batches answered a user's last writes, per log: what an index must hold before it answers the same user, so that everybody sees what they did themselves. Users who are not signed in
/// count as one. Thread-safe.
/// </summary>
/// <param name="isSettled">true once every index holds a batch: then nobody need remember it</param>
internal sealed class SessionWrites(Func<Stamp, bool> isSettled)
{
    private readonly ConcurrentDictionary<string, Stamp[]> _writes = new(StringComparer.Ordinal);
    private int _untilSweep = QueryLimits.UsersBetweenSweeps;

    /// <summary>A write of this user is durable.</summary>
    public void Add(string user, Stamp stamp)
    {
        _writes.AddOrUpdate(user, static (_, one) => [one], static (_, known, one) => With(known, one), stamp);
        if (Interlocked.Decrement(ref _untilSweep) == 0)
        {
            Sweep();
            Interlocked.Exchange(ref _untilSweep, QueryLimits.UsersBetweenSweeps);
        }
    }

    /// <summary>The batches that this user's writes are in, as far as they are not everywhere by now.</summary>
    public IReadOnlyList<Stamp> Of(string user) => _writes.TryGetValue(user, out var stamps) ? stamps : [];

    private static Stamp[] With(Stamp[] known, Stamp one)
    {
        var at = Array.FindIndex(known, stamp => stamp.Log == one.Log);
        if (at < 0)
        {
            return [.. known, one];
        }

        var next = (Stamp[])known.Clone();
        next[at] = one.Batch > known[at].Batch ? one : known[at];
        return next;
    }

    private void Sweep()
    {
        foreach (var entry in _writes)
        {
            if (Array.TrueForAll(entry.Value, stamp => isSettled(stamp)))
            {
                // Only as it was looked at: a write that comes in between stays.
                _writes.TryRemove(entry);
            }
        }
    }
}
