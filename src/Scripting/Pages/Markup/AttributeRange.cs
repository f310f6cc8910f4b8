using AngleSharp.Html.Parser.Tokens;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>Finds where an attribute's value stands, by the rules of the HTML standard's tokenizer ("attribute name state" and what follows).</summary>
internal static class AttributeRange
{
    public static MarkupAttribute Of(string source, HtmlAttributeToken token, int tagEnd)
    {
        var start = token.Position.Index;
        var nameEnd = start + 1; // a name may begin with '='
        while (nameEnd < tagEnd && !IsSpace(source[nameEnd]) && source[nameEnd] is not ('=' or '>' or '/'))
        {
            nameEnd++;
        }

        var at = SkipSpace(source, nameEnd, tagEnd);
        if (at >= tagEnd || source[at] != '=')
        {
            return new MarkupAttribute(token.Name, token.Value ?? "", start, start, nameEnd, nameEnd, nameEnd);
        }

        at = SkipSpace(source, at + 1, tagEnd);
        var quote = at < tagEnd && source[at] is '"' or '\'' ? source[at] : '\0';
        var valueStart = quote == '\0' ? at : at + 1;
        var valueEnd = valueStart;
        while (valueEnd < tagEnd && (quote == '\0' ? !IsSpace(source[valueEnd]) && source[valueEnd] != '>' : source[valueEnd] != quote))
        {
            valueEnd++;
        }

        return new MarkupAttribute(token.Name, token.Value ?? "", start, start, Math.Min(quote == '\0' ? valueEnd : valueEnd + 1, tagEnd), valueStart, valueEnd);
    }

    private static int SkipSpace(string source, int at, int end)
    {
        while (at < end && IsSpace(source[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\f';
}
