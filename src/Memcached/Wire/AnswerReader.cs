using System.Buffers.Text;

namespace Mjolnir.Memcached.Wire;

/// <summary>Answers of memcached's text protocol. Pure; never reads beyond what is there, and takes nothing for an answer that is not one to the letter.</summary>
internal static class AnswerReader
{
    /// <summary>Reads the first answer of the input.</summary>
    /// <param name="input">what was received and not read</param>
    /// <param name="mostValueBytes">a longer value is a fault</param>
    public static ServerAnswer Read(ReadOnlySpan<byte> input, int mostValueBytes)
    {
        var searched = input.Length > MemcachedLimits.LineBytes ? input[..MemcachedLimits.LineBytes] : input;
        var end = searched.IndexOf((byte)'\n');
        if (end < 0)
        {
            return new ServerAnswer { Kind = searched.Length == MemcachedLimits.LineBytes ? AnswerKind.Fault : AnswerKind.Incomplete };
        }

        if (end == 0 || input[end - 1] != '\r')
        {
            return default(ServerAnswer) with { Kind = AnswerKind.Fault };
        }

        var line = input[..(end - 1)];
        return line.StartsWith("VA "u8) ? ReadValue(input, line, mostValueBytes) : ReadLine(line, end + 1);
    }

    /// <summary>Reads figures: lines <c>STAT name value</c> up to <c>END</c>.</summary>
    public static ServerAnswer ReadLines(ReadOnlySpan<byte> input)
    {
        var rest = input;
        while (!rest.StartsWith("END\r\n"u8))
        {
            var end = rest.IndexOf((byte)'\n');
            var begin = rest[..Math.Min(rest.Length, 5)];
            if (!"STAT "u8.StartsWith(begin) && !"END\r\n"u8.StartsWith(begin))
            {
                return Read(input, 0) with { Value = default };
            }

            if (end < 0)
            {
                var tooLong = input.Length > MemcachedLimits.StatisticsBytes || rest.Length > MemcachedLimits.LineBytes;
                return new ServerAnswer { Kind = tooLong ? AnswerKind.Fault : AnswerKind.Incomplete, Wanted = input.Length + 1 };
            }

            rest = rest[(end + 1)..];
        }

        var length = input.Length - rest.Length;
        return new ServerAnswer { Kind = AnswerKind.Lines, Length = length + 5, Value = input[..length] };
    }

    private static ServerAnswer ReadValue(ReadOnlySpan<byte> input, ReadOnlySpan<byte> line, int mostValueBytes)
    {
        var rest = line[3..];
        if (!TryNumber(ref rest, out var size) || size > (ulong)mostValueBytes)
        {
            return new ServerAnswer { Kind = AnswerKind.Fault };
        }

        var begin = line.Length + 2;
        var length = begin + (int)size + 2;
        if (input.Length < length)
        {
            return new ServerAnswer { Kind = AnswerKind.Incomplete, Wanted = length };
        }

        var answer = new ServerAnswer { Kind = AnswerKind.Value, Length = length, Value = input.Slice(begin, (int)size) };
        var ends = input[length - 2] == '\r' && input[length - 1] == '\n';
        return ends && TryFlags(rest, ref answer) ? answer : new ServerAnswer { Kind = AnswerKind.Fault };
    }

    private static ServerAnswer ReadLine(ReadOnlySpan<byte> line, int length)
    {
        var space = line.IndexOf((byte)' ');
        var word = space < 0 ? line : line[..space];
        var answer = new ServerAnswer { Kind = MetaKind(word), Length = length };
        if (answer.Kind != AnswerKind.Fault)
        {
            return TryFlags(line[word.Length..], ref answer) ? answer : new ServerAnswer { Kind = AnswerKind.Fault };
        }

        answer.Kind = ClassicKind(line);
        return answer;
    }

    private static AnswerKind MetaKind(ReadOnlySpan<byte> word)
    {
        if (word.Length != 2)
        {
            return AnswerKind.Fault;
        }

        return (word[0], word[1]) switch
        {
            ((byte)'H', (byte)'D') => AnswerKind.Done,
            ((byte)'N', (byte)'S') => AnswerKind.NotStored,
            ((byte)'E', (byte)'X') => AnswerKind.OtherToken,
            ((byte)'N', (byte)'F') => AnswerKind.NotFound,
            ((byte)'E', (byte)'N') => AnswerKind.Miss,
            ((byte)'O', (byte)'K') => AnswerKind.Ok,
            _ => AnswerKind.Fault,
        };
    }

    private static AnswerKind ClassicKind(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("SERVER_ERROR "u8))
        {
            // Others (out of memory for the connection itself, say) come with a closed connection, or leave it unclear what was read.
            return line.SequenceEqual("SERVER_ERROR object too large for cache"u8) ? AnswerKind.TooLarge
                : line.SequenceEqual("SERVER_ERROR out of memory storing object"u8) || line.SequenceEqual("SERVER_ERROR Out of memory during read"u8) ? AnswerKind.NoMemory
                : AnswerKind.Fault;
        }

        return line.SequenceEqual("STORED"u8) ? AnswerKind.Stored
            : line.SequenceEqual("EXISTS"u8) ? AnswerKind.OtherToken
            : line.SequenceEqual("NOT_FOUND"u8) ? AnswerKind.NotFound
            : line.SequenceEqual("NOT_STORED"u8) ? AnswerKind.NotStored
            : line.StartsWith("BUSY"u8) || line.SequenceEqual("CLIENT_ERROR flush_all not allowed"u8) ? AnswerKind.Refused
            : AnswerKind.Fault;
    }

    /// <summary>Flags, a space before each: a letter, and what it says.</summary>
    private static bool TryFlags(ReadOnlySpan<byte> rest, ref ServerAnswer answer)
    {
        while (rest.Length > 0)
        {
            if (rest[0] != ' ' || rest.Length == 1)
            {
                return false;
            }

            rest = rest[1..];
            var space = rest.IndexOf((byte)' ');
            var flag = space < 0 ? rest : rest[..space];
            rest = rest[flag.Length..];
            if (flag.Length == 0 || !TryFlag(flag, ref answer))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryFlag(ReadOnlySpan<byte> flag, ref ServerAnswer answer)
    {
        switch (flag[0])
        {
            case (byte)'c':
                var number = flag[1..];
                return TryNumber(ref number, out answer.Token) && number.Length == 0;
            case (byte)'O':
                answer.HasOpaque = true;
                return Wire.Opaque.TryRead(flag[1..], out answer.Opaque);
            case (byte)'W':
                answer.Won = true;
                return flag.Length == 1;
            case (byte)'Z':
                answer.Held = true;
                return flag.Length == 1;
            case (byte)'X':
                // Marked as stale by somebody's `md I`; nobody here does that, and value and token are right all the same.
                return flag.Length == 1;
            default:
                return false;
        }
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> text, out ulong number)
    {
        // The parser would take a sign or none at all for a number.
        var digits = text.Length > 0 && char.IsAsciiDigit((char)text[0]) && Utf8Parser.TryParse(text, out number, out var length) ? length : Fail(out number);
        text = text[digits..];
        return digits > 0;
    }

    private static int Fail(out ulong number)
    {
        number = 0;
        return 0;
    }
}
