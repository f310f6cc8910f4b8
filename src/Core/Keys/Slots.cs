namespace Mjolnir.Core.Keys;

/// <summary>The slot of a key: the unit that moves between shards.</summary>
public static class Slots
{
    /// <summary>Number of slots. Fixed for the life of a store: enough that 100 shards differ by a few per cent, few enough to list.</summary>
    public const int Count = 4096;

    /// <summary>The slot of a row: xxHash64 of its primary key, or of the part in <c>{}</c> if it has one, modulo <see cref="Count"/>.</summary>
    public static int Of(RowKey key)
    {
        var primaryKey = Tag(key.EscapedPrimaryKey);
        Span<byte> bytes = stackalloc byte[RowKey.MaxBytes];
        var length = System.Text.Encoding.UTF8.GetBytes(primaryKey, bytes);
        return (int)(XxHash64.Hash(bytes[..length]) % Count);
    }

    private static ReadOnlySpan<char> Tag(ReadOnlySpan<char> primaryKey)
    {
        var open = primaryKey.IndexOf('{');
        if (open < 0)
        {
            return primaryKey;
        }

        var length = primaryKey[(open + 1)..].IndexOf('}');
        return length <= 0 ? primaryKey : primaryKey.Slice(open + 1, length);
    }
}
