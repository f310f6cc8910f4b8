using System.Buffers.Text;
using System.Text;

namespace Mjolnir.Memcached.Wire;

/// <summary>Operations as memcached's text protocol has them.</summary>
internal static class RequestWriter
{
    /// <summary>All of an operation but its value: two commands with a key each, flags, numbers.</summary>
    private const int MostBytesAround = (2 * MemcachedLimits.KeyBytes) + 128;

    /// <summary>Writes an operation whose key is valid.</summary>
    /// <param name="buffer">where to</param>
    /// <param name="request">the operation; its token as the server knows it</param>
    /// <param name="opaque">its number</param>
    /// <param name="leaseSeconds">how long a lease lasts</param>
    public static void Write(SendBuffer buffer, in MemcachedRequest request, uint opaque, int leaseSeconds)
    {
        var line = new Line(buffer.Room(MostBytesAround + request.Value.Length));
        switch (request.Verb)
        {
            case MemcachedVerb.Get:
                WriteGet(ref line, request.Key, opaque);
                break;
            case MemcachedVerb.GetOrLease:
                line.Add("mg "u8);
                line.Add(request.Key);
                line.Add(" v c N"u8);
                line.Add((ulong)leaseSeconds);
                line.Add(" O"u8);
                line.End(opaque);
                break;
            case MemcachedVerb.Set or MemcachedVerb.Add or MemcachedVerb.CompareAndSet:
                WriteMetaSet(ref line, request, opaque);
                break;
            case MemcachedVerb.AddKeeping or MemcachedVerb.CompareAndSetKeeping:
                // The get behind it brings the token, which classic commands do not tell.
                WriteClassicSet(ref line, request);
                WriteGet(ref line, request.Key, opaque);
                break;
            case MemcachedVerb.CompareAndDelete:
                line.Add("md "u8);
                line.Add(request.Key);
                line.Add(" C"u8);
                line.Add(request.Token);
                line.Add(" O"u8);
                line.End(opaque);
                break;
            case MemcachedVerb.FlushAll:
                line.Add("flush_all\r\n"u8);
                break;
            case MemcachedVerb.Collect:
                line.Add("lru_crawler crawl all\r\n"u8);
                break;
            case MemcachedVerb.Statistics:
                line.Add(request.Key.Length == 0 ? "stats"u8 : "stats "u8);
                line.Add(request.Key);
                line.Add("\r\n"u8);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(request), request.Verb, "No such verb.");
        }

        buffer.Advance(line.Length);
    }

    /// <summary>True if the operation names an item.</summary>
    public static bool HasKey(MemcachedVerb verb) => verb < MemcachedVerb.FlushAll;

    /// <summary>True if the operation carries a token.</summary>
    public static bool HasToken(MemcachedVerb verb) =>
        verb is MemcachedVerb.CompareAndSet or MemcachedVerb.CompareAndSetKeeping or MemcachedVerb.CompareAndDelete;

    private static void WriteGet(ref Line line, string key, uint opaque)
    {
        line.Add("mg "u8);
        line.Add(key);
        line.Add(" v c O"u8);
        line.End(opaque);
    }

    private static void WriteMetaSet(ref Line line, in MemcachedRequest request, uint opaque)
    {
        line.Add("ms "u8);
        line.Add(request.Key);
        line.Add(" "u8);
        line.Add((ulong)request.Value.Length);
        if (request.Verb == MemcachedVerb.CompareAndSet)
        {
            line.Add(" C"u8);
            line.Add(request.Token);
        }

        if (request.Seconds > 0)
        {
            line.Add(" T"u8);
            line.Add((ulong)request.Seconds);
        }

        line.Add(request.Verb == MemcachedVerb.Add ? " ME c O"u8 : " c O"u8);
        line.End(opaque);
        line.Add(request.Value.Span);
        line.Add("\r\n"u8);
    }

    private static void WriteClassicSet(ref Line line, in MemcachedRequest request)
    {
        line.Add(request.Verb == MemcachedVerb.AddKeeping ? "add "u8 : "cas "u8);
        line.Add(request.Key);
        line.Add(" 0 "u8); // flags
        line.Add((ulong)request.Seconds);
        line.Add(" "u8);
        line.Add((ulong)request.Value.Length);
        if (request.Verb == MemcachedVerb.CompareAndSetKeeping)
        {
            line.Add(" "u8);
            line.Add(request.Token);
        }

        line.Add("\r\n"u8);
        line.Add(request.Value.Span);
        line.Add("\r\n"u8);
    }

    /// <summary>Room that is written from its beginning on.</summary>
    private ref struct Line(Span<byte> room)
    {
        private readonly Span<byte> _room = room;

        public int Length { get; private set; }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_room[Length..]);
            Length += bytes.Length;
        }

        public void Add(string text) => Length += Encoding.UTF8.GetBytes(text, _room[Length..]);

        public void Add(ulong number)
        {
            Utf8Formatter.TryFormat(number, _room[Length..], out var written);
            Length += written;
        }

        public void End(uint opaque)
        {
            Wire.Opaque.Write(_room[Length..], opaque);
            Length += Opaque.Characters;
            Add("\r\n"u8);
        }
    }
}
