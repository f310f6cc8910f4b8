using System.Text;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;

namespace Mjolnir.Storage.Indexes;

/// <summary>The best of many rows: only as many as are wanted are kept and sorted.</summary>
/// <param name="rows">the rows</param>
/// <param name="limit">rows wanted at most; at least 1</param>
internal sealed class BestRows(FoundRows rows, int limit)
{
    // The worst one comes first.
    private readonly PriorityQueue<int, (SearchRank Rank, int Row)> _best = new(Comparer<(SearchRank Rank, int Row)>.Create((left, right) => Compare(rows, right, left)));

    /// <summary>A row and how well it answers.</summary>
    public void Offer(SearchRank rank, int row)
    {
        if (_best.Count < limit)
        {
            _best.Enqueue(row, (rank, row));
        }
        else if (_best.TryPeek(out _, out var worst) && Compare(rows, (rank, row), worst) < 0)
        {
            _best.EnqueueDequeue(row, (rank, row));
        }
    }

    /// <summary>The best first.</summary>
    public IReadOnlyList<FoundPlace> InOrder()
    {
        var found = new FoundPlace[_best.Count];
        for (var i = found.Length - 1; i >= 0; i--)
        {
            _best.TryDequeue(out var row, out var best);
            var key = Encoding.UTF8.GetString(rows.Key(row));
            found[i] = new FoundPlace(best.Rank.PlaceOf(key), key);
        }

        return found;
    }

    private static int Compare(FoundRows rows, (SearchRank Rank, int Row) left, (SearchRank Rank, int Row) right)
    {
        var order = left.Rank.CompareTo(right.Rank);
        return order != 0 ? order : rows.Key(left.Row).SequenceCompareTo(rows.Key(right.Row));
    }
}
