using System.Text;

namespace Mjolnir.Core.Text;

/// <summary>The part of a text in which words were found, as HTML with the words in <c>&lt;mark&gt;</c>.</summary>
public static class TextHighlight
{
    /// <summary>Characters before the first word that is marked, where a text is longer than is shown.</summary>
    private const int Before = 60;

    /// <summary>At most <see cref="TextLimits.Shown"/> characters of the text; null if none of the words is in it.</summary>
    public static string? Of(TextAnalyzer analyzer, IReadOnlyList<SearchWord> words, string text)
    {
        var found = analyzer.Tokens(text).Where(token => words.Any(word => word.Matches(token.Term))).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        var from = text.Length <= TextLimits.Shown ? 0 : BetweenCharacters(text, Math.Min(Math.Max(0, found[0].Start - Before), text.Length - TextLimits.Shown));
        var to = BetweenCharacters(text, Math.Min(text.Length, from + TextLimits.Shown));
        var html = new StringBuilder(from > 0 ? "…" : "");
        var at = from;
        foreach (var token in found)
        {
            // Words of two characters lie over each other: what is marked already is passed over.
            var (start, end) = (Math.Max(at, token.Start), token.Start + token.Length);
            if (token.Start < from || end > to || end <= at)
            {
                continue;
            }

            Escape(html, text.AsSpan(at, start - at));
            html.Append("<mark>");
            Escape(html, text.AsSpan(start, end - start));
            html.Append("</mark>");
            at = end;
        }

        Escape(html, text.AsSpan(at, to - at));
        return html.Append(to < text.Length ? "…" : "").ToString();
    }

    private static int BetweenCharacters(string text, int at) => at > 0 && at < text.Length && char.IsLowSurrogate(text[at]) && char.IsHighSurrogate(text[at - 1]) ? at - 1 : at;

    private static void Escape(StringBuilder html, ReadOnlySpan<char> text)
    {
        foreach (var letter in text)
        {
            _ = letter switch
            {
                '&' => html.Append("&amp;"),
                '<' => html.Append("&lt;"),
                '>' => html.Append("&gt;"),
                '"' => html.Append("&quot;"),
                '\'' => html.Append("&#39;"),
                _ => html.Append(letter),
            };
        }
    }
}
