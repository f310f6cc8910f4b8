using System.Collections.Frozen;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>The elements that a handler can name, as the page was written.</summary>
internal static class PageElements
{
    /// <param name="markup">the page</param>
    /// <param name="references">their names</param>
    /// <param name="handled">elements with handlers, which may have neither id nor name</param>
    public static IReadOnlyList<PageElement> Of(PageMarkup markup, ElementReferences references, IReadOnlySet<IElement> handled)
    {
        var elements = new List<PageElement>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in markup.Document.All)
        {
            if (references.Fixed(element, "id") is null && references.Fixed(element, "name") is null && !handled.Contains(element))
            {
                continue;
            }

            var reference = references.Of(element);
            if (seen.Add(reference))
            {
                elements.Add(Describe(element, reference, markup.Mask));
            }
        }

        return elements;
    }

    private static PageElement Describe(IElement element, string reference, char mask)
    {
        var options = element is IHtmlSelectElement ? Options(element, mask) : [];
        return new PageElement(reference, element.LocalName, Attributes(element, mask), Text(element, mask), options);
    }

    private static FrozenDictionary<string, string> Attributes(IElement element, char mask)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in element.Attributes)
        {
            attributes[attribute.Name] = Without(attribute.Value, mask);
        }

        if (element is IHtmlSelectElement)
        {
            attributes["value"] = Selected(element, mask);
        }

        return attributes.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string? Text(IElement element, char mask)
    {
        var holdsText = element.Children.Length == 0
            || element.ChildNodes.Any(node => node is IText text && !string.IsNullOrWhiteSpace(text.Data));
        return holdsText ? Without(element.TextContent, mask) : null;
    }

    private static List<KeyValuePair<string, string>> Options(IElement select, char mask) =>
        [.. select.QuerySelectorAll("option").Select(option => KeyValuePair.Create(Value(option, mask), Label(option, mask)))];

    // A select shows the last option marked as selected, else its first one (HTML standard, "selectedness setting algorithm").
    private static string Selected(IElement select, char mask)
    {
        var options = select.QuerySelectorAll("option");
        var selected = options.LastOrDefault(option => option.HasAttribute("selected"));
        selected ??= select.HasAttribute("multiple") ? null : options.FirstOrDefault(option => !option.HasAttribute("disabled"));
        return selected is null ? "" : Value(selected, mask);
    }

    private static string Value(IElement option, char mask) => option.GetAttribute("value") is { } value ? Without(value, mask) : Label(option, mask);

    private static string Label(IElement option, char mask) =>
        string.Join(' ', Without(option.TextContent, mask).Split([' ', '\t', '\n', '\r', '\f'], StringSplitOptions.RemoveEmptyEntries));

    private static string Without(string text, char mask) => text.Replace(mask.ToString(), "", StringComparison.Ordinal);
}
