using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Folders;

namespace Mjolnir.Storage.Logs;

/// <summary>Where a frame stands: in which chunk (named by its first sequence) and at which byte.</summary>
internal readonly record struct LogPosition(long Chunk, long Offset)
{
    public static LogPosition StartOf(long chunk) => new(chunk, LogChunk.HeaderBytes);
}

/// <summary>
/// The files of a log. Each begins with a header: magic and version 8 · first sequence 8 · xxHash64 of the log's name 8 · xxHash64 of all before 8. A chunk is
/// durable, with its name, before a frame is written to it, and it is begun only when all before it is confirmed.
/// </summary>
internal static class LogChunk
{
    public const int HeaderBytes = 32;
    private const string Extension = ".log";

    /// <summary>"MJLOG", two zeros, format version 1.</summary>
    private static ReadOnlySpan<byte> Magic => "MJLOG\0\0\u0001"u8;

    public static string PathOf(string folder, long first) =>
        Path.Combine(folder, first.ToString("D19", CultureInfo.InvariantCulture) + Extension);

    /// <summary>First sequences of the chunks in this folder, rising.</summary>
    public static List<long> List(string folder)
    {
        var chunks = new List<long>();
        foreach (var path in Directory.EnumerateFiles(folder, "*" + Extension))
        {
            if (!long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            {
                throw new CorruptLogException(path, 0, "a file of this name does not belong to a log.");
            }

            chunks.Add(first);
        }

        chunks.Sort();
        return chunks;
    }

    public static byte[] Header(string log, long first)
    {
        var header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), first);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), XxHash64.Hash(Encoding.UTF8.GetBytes(log)));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), XxHash64.Hash(header.AsSpan(0, 24)));
        return header;
    }

    /// <summary>Makes a chunk, durable and named; a torn one that a crash left under this name is replaced.</summary>
    public static void Create(ILogDisk disk, string folder, string log, long first)
    {
        using (var file = File.OpenHandle(PathOf(folder, first), FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            disk.Write(file, Header(log, first), 0);
            disk.Flush(file);
        }

        Posix.SyncDirectory(folder);
    }
}
