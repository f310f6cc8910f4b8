using AngleSharp.Html.Parser;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>Finds the place that is first in the head, also where the author wrote no <c>&lt;head&gt;</c> and the parser makes one.</summary>
internal static class HeadStart
{
    /// <summary>Behind <c>&lt;head&gt;</c>; else behind <c>&lt;html&gt;</c> or the doctype; else the very beginning. A script put there opens the head.</summary>
    public static int Of(PageMarkup markup)
    {
        var place = 0;
        foreach (var token in markup.Tokens)
        {
            switch (token.Type)
            {
                case HtmlTokenType.Doctype:
                case HtmlTokenType.StartTag when token.Name == "html":
                    place = token.End;
                    break;
                case HtmlTokenType.StartTag when token.Name == "head":
                    return token.End;
                case HtmlTokenType.Comment:
                case HtmlTokenType.Character when string.IsNullOrWhiteSpace(token.Value):
                    break;
                default:
                    return place;
            }
        }

        return place;
    }
}
