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

    /// <summary>The slot of the rows with this primary key, and a hash of the whole key (that is not for storing).</summary>
    /// <param name="primaryKey">as it is, unescaped, UTF-8; at most <see cref="Routing.RoutingLimits.ValueBytes"/></param>
    /// <param name="slot">what <see cref="Of"/> says for the row in any table</param>
    internal static ulong HashOf(ReadOnlySpan<byte> primaryKey, out int slot)
    {
        Span<byte> escaped = stackalloc byte[3 * Routing.RoutingLimits.ValueBytes];
        escaped = escaped[..RowKeyEscape.Escape(primaryKey, escaped)];
        var hash = XxHash64.Hash(escaped);
        slot = (int)((escaped.Contains((byte)'{') ? XxHash64.Hash(Tag(escaped)) : hash) % Count);
        return hash;
    }

    private static ReadOnlySpan<byte> Tag(ReadOnlySpan<byte> primaryKey)
    {
        var open = primaryKey.IndexOf((byte)'{');
        var length = primaryKey[(open + 1)..].IndexOf((byte)'}');
        return length <= 0 ? primaryKey : primaryKey.Slice(open + 1, length);
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
