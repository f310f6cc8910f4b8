using System.Buffers;
using System.Text;

namespace Mjolnir.Memcached;

/// <summary>Which names an item may have.</summary>
public static class MemcachedKey
{
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        string.Concat(Enumerable.Range(0, 0x21).Append(0x7F).Select(c => (char)c)));

    /// <summary>True for 1 to 250 bytes of UTF-8 without spaces and control characters (memcached itself would take some of them apart as commands).</summary>
    public static bool IsValid(ReadOnlySpan<char> key) =>
        key.Length is > 0 and <= MemcachedLimits.KeyBytes && !key.ContainsAny(Forbidden)
        && (key.Length * 3 <= MemcachedLimits.KeyBytes || Encoding.UTF8.GetByteCount(key) <= MemcachedLimits.KeyBytes);
}
