using Mjolnir.Core.Indexes;

namespace Mjolnir.Indexer.Tables;

/// <summary>Rows coming to groups and leaving them.</summary>
internal static class GroupRows
{
    /// <summary>A row comes (<paramref name="sign"/> 1) or leaves (-1).</summary>
    public static void AddRow(this GroupRecord group, TreeLayout tree, ReadOnlySpan<byte> image, int[] starts, int sign)
    {
        group.AddCount(sign);
        for (var i = 0; i < group.Sums.Length; i++)
        {
            var column = tree.Sums[i];
            if (OrderedKey.TryNumber(image[starts[column]..starts[column + 1]], out var value))
            {
                group.Sums[i] += new ColumnSum(sign * (Int128)value, sign);
            }
        }
    }
}
