namespace Mjolnir.Indexer.Tables;

/// <summary>Keys of groups as keys of a dictionary: equal if their bytes are.</summary>
internal sealed class GroupKeys : IEqualityComparer<byte[]>
{
    public static readonly GroupKeys Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] key)
    {
        var hash = default(HashCode);
        hash.AddBytes(key);
        return hash.ToHashCode();
    }
}
