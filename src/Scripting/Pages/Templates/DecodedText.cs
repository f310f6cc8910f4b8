using System.Net;
using System.Text;

namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>Source text with its character references resolved (<c>&amp;lt;</c> is <c>&lt;</c>), that still knows where each character comes from.</summary>
internal sealed class DecodedText
{
    // The longest named reference of HTML is "&CounterClockwiseContourIntegral;".
    private const int LongestReference = 34;

    private readonly List<(int Decoded, int Source)> _jumps = [];

    private DecodedText(string text) => Text = text;

    public string Text { get; private set; }

    /// <param name="source">the page</param>
    /// <param name="start">first character to decode</param>
    /// <param name="end">behind the last</param>
    public static DecodedText Of(string source, int start, int end)
    {
        var decoded = new DecodedText("");
        decoded._jumps.Add((0, start));
        var text = new StringBuilder(end - start);
        for (var at = start; at < end;)
        {
            if (source[at] == '&' && Reference(source, at, end) is var (value, length))
            {
                text.Append(value);
                at += length;
                decoded._jumps.Add((text.Length, at));
            }
            else
            {
                text.Append(source[at++]);
            }
        }

        decoded.Text = text.ToString();
        return decoded;
    }

    /// <summary>The source's offset of a character of the text.</summary>
    public int SourceOffset(int decoded)
    {
        var last = _jumps.FindLast(jump => jump.Decoded <= decoded);
        return last.Source + (decoded - last.Decoded);
    }

    private static (string Value, int Length)? Reference(string source, int at, int end)
    {
        var semicolon = source.IndexOf(';', at, Math.Min(end - at, LongestReference));
        if (semicolon < 0)
        {
            return null;
        }

        var written = source[at..(semicolon + 1)];
        var value = WebUtility.HtmlDecode(written);
        return value == written ? null : (value, written.Length);
    }
}
