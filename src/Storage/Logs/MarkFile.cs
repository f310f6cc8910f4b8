using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Mjolnir.Core.Keys;

namespace Mjolnir.Storage.Logs;

/// <summary>
/// A number that only rises, kept in a small file of two slots that are written in turn: a torn write spoils one, and the other still tells the number
/// before. Written without waiting for the disk: after a killed process it is exact, after a power failure it may be older.
/// </summary>
internal sealed class MarkFile : IDisposable
{
    private const int SlotBytes = 16;
    private readonly SafeFileHandle _file;
    private int _slot;

    private MarkFile(SafeFileHandle file) => _file = file;

    /// <summary>The newest number; 0 in a new file.</summary>
    public long Value { get; private set; }

    public static MarkFile Open(string path)
    {
        var mark = new MarkFile(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));
        mark.Load();
        return mark;
    }

    public void Write(long value)
    {
        Span<byte> slot = stackalloc byte[SlotBytes];
        BinaryPrimitives.WriteInt64LittleEndian(slot, value);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[8..], XxHash64.Hash(slot[..8]));
        RandomAccess.Write(_file, slot, _slot * SlotBytes);
        _slot = 1 - _slot;
        Value = value;
    }

    public void Flush() => RandomAccess.FlushToDisk(_file);

    public void Dispose() => _file.Dispose();

    private void Load()
    {
        Span<byte> slots = stackalloc byte[2 * SlotBytes];
        slots = slots[..RandomAccess.Read(_file, slots, 0)];
        for (var i = 0; (i + 1) * SlotBytes <= slots.Length; i++)
        {
            Load(slots.Slice(i * SlotBytes, SlotBytes), i);
        }
    }

    private void Load(ReadOnlySpan<byte> slot, int index)
    {
        var value = BinaryPrimitives.ReadInt64LittleEndian(slot);
        if (BinaryPrimitives.ReadUInt64LittleEndian(slot[8..]) == XxHash64.Hash(slot[..8]) && value > Value)
        {
            Value = value;
            _slot = 1 - index;
        }
    }
}
