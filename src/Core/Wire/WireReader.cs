using System.Text;

namespace Mjolnir.Core.Wire;

/// <summary>
/// Reads what <see cref="WireWriter"/> wrote. Never trusts a length: whatever does not fit is a <see cref="CorruptDataException"/>, not
/// an index error.
/// </summary>
internal ref struct WireReader(ReadOnlyMemory<byte> source)
{
    private readonly ReadOnlyMemory<byte> _source = source;
    private readonly ReadOnlySpan<byte> _span = source.Span;

    public int Position { get; private set; }

    public readonly int Remaining => _span.Length - Position;

    public byte Byte() => Position < _span.Length ? _span[Position++] : throw Short();

    public long Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value <= long.MaxValue && (shift < 63 || next == 0) ? (long)value : throw Damaged("a number is out of range");
            }
        }

        throw Damaged("a number does not end");
    }

    public int Count()
    {
        // Each counted thing takes at least a byte, so a damaged count cannot make us allocate more than the source is long.
        var count = Number();
        return count <= Remaining ? (int)count : throw Short();
    }

    public ReadOnlySpan<byte> Span(int length)
    {
        var start = Skip(length);
        return _span.Slice(start, length);
    }

    public ReadOnlyMemory<byte> Memory(int length)
    {
        var start = Skip(length);
        return _source.Slice(start, length);
    }

    public string Text() => Encoding.UTF8.GetString(Span(Count()));

    public string Log() => LogNames.Intern(Span(Count()));

    public readonly CorruptDataException Damaged(string what) => new($"Damaged data: {what}", null, Position);

    private readonly CorruptDataException Short() => new("Damaged data: it ends too early", null, Position);

    private int Skip(int length)
    {
        if (length > Remaining)
        {
            throw Short();
        }

        var start = Position;
        Position += length;
        return start;
    }
}
