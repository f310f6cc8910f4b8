using Mjolnir.Scripting.Pages.Markup;

namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>Attributes, besides those of events, whose value is code or says where code comes from: whoever chose it would run what they like in another user's page.</summary>
internal static class TemplatesInCode
{
    private const string WriteItOut = "Whoever chooses this value chooses what runs in the page. Write it out.";

    /// <summary>What to do instead; null if templates may stand in the attribute.</summary>
    public static string? Hint(MarkupToken tag, MarkupAttribute attribute) => (tag.Name, attribute.Name) switch
    {
        (_, "srcdoc") => "A value would become a page of its own with this page's rights. Give the frame an address: src=\"{{ … }}\".",
        ("script", "src" or "href" or "xlink:href" or "type") or ("base", "href") or ("object", "data" or "type") or ("embed", "src" or "type") or ("meta", "http-equiv") => WriteItOut,
        ("meta", "content") when tag.Attribute("http-equiv") is not null => WriteItOut,
        _ when IsScriptAddress(attribute.Value) => "A value would become code. Put it into an attribute of its own, data-id=\"{{ … }}\", and listen to the click.",
        _ => null,
    };

    private static bool IsScriptAddress(string value) =>
        string.Concat(value.Where(static c => c > ' ')).StartsWith("javascript:", StringComparison.OrdinalIgnoreCase);
}
