using System.Globalization;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>What a Range header asks for (RFC 9110, 14).</summary>
internal enum RangeKind
{
    /// <summary>Nothing we serve in part: other units, several ranges or nonsense are answered whole, as the RFC allows.</summary>
    Whole,

    /// <summary>One range within the file.</summary>
    Part,

    /// <summary>Beyond the file's end: 416.</summary>
    Unsatisfiable,
}

/// <summary>One range of a file.</summary>
internal readonly record struct ByteRange(RangeKind Kind, int First, int Length)
{
    private const string Unit = "bytes=";

    public static ByteRange Read(ReadOnlySpan<char> header, int length)
    {
        var whole = new ByteRange(RangeKind.Whole, 0, length);
        if (!header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return whole;
        }

        var range = header[Unit.Length..].Trim();
        var dash = range.IndexOf('-');
        if (dash < 0 || range.Contains(','))
        {
            return whole;
        }

        return dash == 0 ? Suffix(range[1..], length, whole) : FromTo(range[..dash], range[(dash + 1)..], length, whole);
    }

    private static ByteRange Suffix(ReadOnlySpan<char> text, int length, ByteRange whole)
    {
        if (!TryNumber(text, out var last))
        {
            return whole;
        }

        var count = (int)Math.Min(last, length);
        return count == 0 ? new ByteRange(RangeKind.Unsatisfiable, 0, 0) : new ByteRange(RangeKind.Part, length - count, count);
    }

    private static ByteRange FromTo(ReadOnlySpan<char> from, ReadOnlySpan<char> to, int length, ByteRange whole)
    {
        var last = long.MaxValue;
        if (!TryNumber(from, out var first) || (!to.IsEmpty && !TryNumber(to, out last)) || last < first)
        {
            return whole;
        }

        return first >= length
            ? new ByteRange(RangeKind.Unsatisfiable, 0, 0)
            : new ByteRange(RangeKind.Part, (int)first, (int)(Math.Min(last, length - 1) - first + 1));
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
