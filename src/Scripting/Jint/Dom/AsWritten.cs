using System.Net;
using Mjolnir.Scripting.Jint.Values;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>What the properties of an element are when the page has just been loaded.</summary>
internal static class AsWritten
{
    public static JsValue Read(PageElement? element, string property) => property switch
    {
        "value" => Value(element),
        "checked" => Has(element, "checked"),
        "hidden" => Has(element, "hidden"),
        "disabled" => Has(element, "disabled"),
        "selectedIndex" => element is { Options.Count: > 0 } ? 0 : -1,
        "textContent" => element?.Text ?? "",
        "innerHTML" => WebUtility.HtmlEncode(element?.Text ?? ""),
        "className" => Attribute(element, "class") ?? "",
        _ when property.StartsWith("style.", StringComparison.Ordinal) => Style(Attribute(element, "style") ?? "", property[6..]),
        _ when property.StartsWith('@') => JsValue.OrNull(Attribute(element, property[1..])),
        _ => default(JsValue),
    };

    public static string? Attribute(PageElement? element, string name) =>
        element is not null && element.Attributes.TryGetValue(name, out var value) ? value : null;

    /// <summary><c>backgroundColor</c> as style sheets write it.</summary>
    public static string CssName(string property) => string.Concat(property.Select(c => char.IsAsciiLetterUpper(c) ? "-" + char.ToLowerInvariant(c) : c.ToString()));

    private static JsValue Value(PageElement? element) => element?.Tag switch
    {
        "select" => element.Options.Count > 0 ? element.Options[0].Key : "",
        "textarea" => element.Text ?? "",
        "input" when Attribute(element, "type") is "checkbox" or "radio" => Attribute(element, "value") ?? "on",
        _ => Attribute(element, "value") ?? "",
    };

    private static bool Has(PageElement? element, string attribute) => Attribute(element, attribute) is not null;

    private static string Style(string style, string property)
    {
        var name = CssName(property);
        foreach (var declaration in style.Split(';'))
        {
            var colon = declaration.IndexOf(':');
            if (colon > 0 && declaration.AsSpan(0, colon).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return declaration[(colon + 1)..].Trim();
            }
        }

        return "";
    }
}
