using System.Buffers.Text;
using System.Text;

namespace Mjolnir.Proxy.Servers;

/// <summary>How far an answer's head has been received.</summary>
internal enum HeadState
{
    /// <summary>More is needed.</summary>
    Partial,

    /// <summary>All of it is there.</summary>
    Whole,

    /// <summary>It is none that an app server sends.</summary>
    Broken,
}

/// <summary>The head of an app server's answer to a call. It always says the body's length; an answer without is none of ours.</summary>
/// <param name="Length">bytes of the head, its empty line included</param>
/// <param name="Status">the status code</param>
/// <param name="BodyLength">bytes of the body</param>
/// <param name="Closes">the connection ends with this answer</param>
internal readonly record struct AnswerHead(int Length, int Status, int BodyLength, bool Closes)
{
    private const int StatusLineLength = 12; // HTTP/1.1 200

    public long TotalLength => (long)Length + BodyLength;

    /// <summary>Reads a head off the beginning of what was received.</summary>
    public static HeadState Read(ReadOnlySpan<byte> received, out AnswerHead head)
    {
        head = default;
        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return HeadState.Partial;
        }

        var text = received[..(end + 2)];
        if (text.Length < StatusLineLength || !text.StartsWith("HTTP/1.1 "u8) || !TryNumber(text[9..12], out var status) || status < 200)
        {
            return HeadState.Broken;
        }

        int? length = null;
        var closes = false;
        var lines = new AnswerLines(text);
        while (lines.Next())
        {
            if (Ascii.EqualsIgnoreCase(lines.Name, "Content-Length"u8))
            {
                if (length is not null || !TryNumber(lines.Value, out var number))
                {
                    return HeadState.Broken;
                }

                length = number;
            }
            else if (Ascii.EqualsIgnoreCase(lines.Name, "Connection"u8))
            {
                closes = Ascii.EqualsIgnoreCase(lines.Value, "close"u8);
            }
            else if (Ascii.EqualsIgnoreCase(lines.Name, "Transfer-Encoding"u8))
            {
                return HeadState.Broken;
            }
        }

        if (length is not { } known)
        {
            return HeadState.Broken;
        }

        head = new AnswerHead(end + 4, status, known, closes);
        return HeadState.Whole;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out int number) =>
        Utf8Parser.TryParse(text, out number, out var used) && used == text.Length && number >= 0;
}

/// <summary>The header lines of an answer's head, one after another; the status line is passed over.</summary>
internal ref struct AnswerLines
{
    private ReadOnlySpan<byte> _rest;

    /// <param name="head">each line with its line end</param>
    public AnswerLines(ReadOnlySpan<byte> head) => _rest = head[(head.IndexOf("\r\n"u8) + 2)..];

    public ReadOnlySpan<byte> Name { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>To the next header; false at the end.</summary>
    public bool Next()
    {
        var end = _rest.IndexOf("\r\n"u8);
        if (end <= 0)
        {
            return false;
        }

        var line = _rest[..end];
        _rest = _rest[(end + 2)..];
        var colon = line.IndexOf((byte)':');
        Name = colon < 0 ? line : line[..colon];
        Value = colon < 0 ? default : line[(colon + 1)..].Trim((byte)' ');
        return true;
    }
}
