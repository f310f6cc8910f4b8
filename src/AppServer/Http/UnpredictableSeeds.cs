using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mjolnir.AppServer.Http;

/// <summary>
/// Seeds that nobody can guess: <c>mjolnir.id()</c> comes of them, and applications use ids as capabilities. Drawn from the system in blocks per thread,
/// for a call per transaction would be dear.
/// </summary>
internal static class UnpredictableSeeds
{
    private const int BlockBytes = 1024;

    [ThreadStatic]
    private static byte[]? _block;

    [ThreadStatic]
    private static int _used;

    public static ulong Next()
    {
        var block = _block;
        if (block is null || _used == BlockBytes)
        {
            _block = block = RandomNumberGenerator.GetBytes(BlockBytes);
            _used = 0;
        }

        var seed = BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(_used));
        _used += sizeof(ulong);
        return seed;
    }
}
