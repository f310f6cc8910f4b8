namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>The inside of <c>{{ … }}</c> cut at its filters.</summary>
/// <param name="Expression">JavaScript, trimmed</param>
/// <param name="ExpressionStart">its offset in the text</param>
/// <param name="Filters">each filter, trimmed, with its offset</param>
internal sealed record TemplateExpression(string Expression, int ExpressionStart, IReadOnlyList<(string Text, int Start)> Filters)
{
    /// <summary>Cuts at each single <c>|</c> outside of strings and brackets.</summary>
    public static TemplateExpression Of(string text)
    {
        var pieces = new List<(string Text, int Start)>();
        var start = 0;
        var depth = 0;
        for (var at = 0; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '\'' or '"':
                    at = SkipString(text, at);
                    break;
                case '(' or '[' or '{':
                    depth++;
                    break;
                case ')' or ']' or '}':
                    depth--;
                    break;
                case '|' when at + 1 < text.Length && text[at + 1] == '|':
                    at++;
                    break;
                case '|' when depth <= 0:
                    pieces.Add(Trimmed(text, start, at));
                    start = at + 1;
                    break;
            }
        }

        pieces.Add(Trimmed(text, start, text.Length));
        return new TemplateExpression(pieces[0].Text, pieces[0].Start, pieces[1..]);
    }

    private static int SkipString(string text, int start)
    {
        for (var at = start + 1; at < text.Length; at++)
        {
            if (text[at] == text[start])
            {
                return at;
            }

            at += text[at] == '\\' ? 1 : 0;
        }

        return start; // not closed: no string
    }

    private static (string Text, int Start) Trimmed(string text, int start, int end)
    {
        while (start < end && char.IsWhiteSpace(text[start]))
        {
            start++;
        }

        while (end > start && char.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        return (text[start..end], start);
    }
}
