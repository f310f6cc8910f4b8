using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Committing;

/// <summary>
/// Decides how many rows are worth remembering. A remembered row that is never read again costs more than the round trip that it was to save: it outlives the collections in which rows die for nothing, and is moved by
/// each of them (two V-stacks, 100,000 accounts, uniform: a third of the server's CPU with 20,000 remembered instead of 2,000, docs/bench.md). So many are remembered only while at least half of the rows that few could not
/// keep come back soon enough for many.
/// <code>
/// rows between two uses of a row:   0 ─────────── few ─────────────────────── most ──────────
///                                     both keep it │ only many keep it: "far" │ neither does
/// </code>
/// While few are remembered, a table of hashes tells when a row was remembered last: it holds no references, so no collection looks into it.
/// </summary>
/// <param name="few">rows remembered where they seldom come back</param>
/// <param name="most">rows remembered where they do; not above <paramref name="few"/>: always this many</param>
internal sealed class RowRecurrence(int few, int most)
{
    /// <summary>Rows after which it is decided anew.</summary>
    private const int Window = 4_096;

    /// <summary>A power of two, three times the usual <c>most</c>: two rows that fall on one place hide each other.</summary>
    private const int Places = 65_536;

    private readonly (int Hash, long At)[] _seen = few < most ? new (int, long)[Places] : [];
    private long _missed;
    private long _far;

    /// <summary>Rows to remember now.</summary>
    public int Limit { get; private set; } = Math.Min(few, most);

    /// <summary>A row is remembered that was not.</summary>
    /// <param name="key">the row</param>
    /// <param name="now">its number among all that were ever remembered</param>
    public void Added(RowKey key, long now)
    {
        if (_seen.Length == 0)
        {
            return;
        }

        var hash = key.GetHashCode();
        ref var seen = ref _seen[hash & (Places - 1)];
        Count(seen.At > 0 && seen.Hash == hash && IsFar(now - seen.At));
        seen = (hash, now);
    }

    /// <summary>A remembered row is used.</summary>
    /// <param name="distance">rows remembered anew since it was used last</param>
    public void Touched(long distance)
    {
        if (_seen.Length > 0 && IsFar(distance))
        {
            Count(true);
        }
    }

    private bool IsFar(long distance) => distance > few && distance <= most;

    /// <summary>A row that few could not keep.</summary>
    private void Count(bool isFar)
    {
        _missed++;
        _far += isFar ? 1 : 0;
        if (_missed < Window)
        {
            return;
        }

        // Between a third and a half it stays as it is: a change of mind costs the rows that are there.
        Limit = 2 * _far >= _missed ? most : 3 * _far < _missed ? few : Limit;
        (_missed, _far) = (0, 0);
    }
}
