using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;

namespace Mjolnir.Storage.Indexes;

/// <summary>The best of many rows: only as many as are wanted are kept and sorted.</summary>
/// <param name="limit">rows wanted at most; at least 1</param>
internal sealed class BestRows(int limit)
{
    // The worst one comes first.
    private readonly PriorityQueue<string, (SearchRank Rank, string Key)> _best = new(Comparer<(SearchRank Rank, string Key)>.Create(static (left, right) => Compare(right, left)));

    /// <summary>A row and how well it answers.</summary>
    public void Offer(SearchRank rank, string primaryKey)
    {
        if (_best.Count < limit)
        {
            _best.Enqueue(primaryKey, (rank, primaryKey));
        }
        else if (_best.TryPeek(out _, out var worst) && Compare((rank, primaryKey), worst) < 0)
        {
            _best.EnqueueDequeue(primaryKey, (rank, primaryKey));
        }
    }

    /// <summary>The best first.</summary>
    public IReadOnlyList<FoundPlace> InOrder()
    {
        var found = new FoundPlace[_best.Count];
        for (var i = found.Length - 1; i >= 0; i--)
        {
            _best.TryDequeue(out _, out var row);
            found[i] = new FoundPlace(row.Rank.PlaceOf(row.Key), row.Key);
        }

        return found;
    }

    private static int Compare((SearchRank Rank, string Key) left, (SearchRank Rank, string Key) right)
    {
        var order = left.Rank.CompareTo(right.Rank);
        return order != 0 ? order : CompareKeys(left.Key, right.Key);
    }

    /// <summary>As their UTF-8 compares: where two texts differ in a surrogate, it comes behind all that is none.</summary>
    private static int CompareKeys(string left, string right)
    {
        var at = left.AsSpan().CommonPrefixLength(right);
        return at == left.Length || at == right.Length ? left.Length.CompareTo(right.Length)
            : char.IsSurrogate(left[at]) != char.IsSurrogate(right[at]) ? (char.IsSurrogate(left[at]) ? 1 : -1)
            : left[at].CompareTo(right[at]);
    }
}
