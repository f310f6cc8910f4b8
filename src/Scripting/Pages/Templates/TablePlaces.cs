using AngleSharp.Html.Parser;
using Mjolnir.Scripting.Pages.Markup;

namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>
/// Knows whether text stands in a table but in no cell. HTML parsers move such text out of the table ("foster parenting"), and marks around a
/// template would be torn apart.
/// </summary>
internal sealed class TablePlaces
{
    private enum Place
    {
        Outside,
        Table,
        Rows,
    }

    private Place _place;

    public void See(MarkupToken token)
    {
        _place = (token.Type, token.Name) switch
        {
            (HtmlTokenType.StartTag, "table") => Place.Table,
            (HtmlTokenType.StartTag, "tbody" or "thead" or "tfoot" or "tr") => Place.Rows,
            (HtmlTokenType.EndTag, "tr" or "td" or "th") => Place.Rows,
            (HtmlTokenType.EndTag, "tbody" or "thead" or "tfoot" or "caption" or "colgroup") => Place.Table,
            (HtmlTokenType.StartTag, "td" or "th" or "caption" or "template") or (HtmlTokenType.EndTag, "table") => Place.Outside,
            _ => _place,
        };
    }

    /// <summary>What is wrong with a text template here; null if nothing is.</summary>
    public (string Message, string Hint)? Mistake(bool isRaw) => (_place, isRaw) switch
    {
        (Place.Outside, _) or (Place.Rows, true) => null,
        (_, true) => ("the rows of a table need an element around them", "Write <tbody>{{ … | raw }}</tbody>."),
        _ => ("browsers move text out of a table if it stands in no cell", "Put it into a <td>; for whole rows write <tbody>{{ … | raw }}</tbody>."),
    };
}
