using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>The elements of a page as it was written, found by id, name and reference. Immutable, shared by all lanes.</summary>
internal sealed class PageModel
{
    private readonly Dictionary<string, PageElement> _byReference = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PageElement> _byId = new(StringComparer.Ordinal);
    private readonly ILookup<string, PageElement> _byName;

    public PageModel(Page page)
    {
        Path = page.Path;
        Elements = page.Elements;
        foreach (var element in page.Elements)
        {
            _byReference.TryAdd(element.Reference, element);
            if (element.Attributes.TryGetValue("id", out var id))
            {
                _byId.TryAdd(id, element);
            }
        }

        _byName = page.Elements.Where(e => e.Attributes.ContainsKey("name")).ToLookup(e => e.Attributes["name"], StringComparer.Ordinal);
        Forms = [.. page.Elements.Where(e => e.Tag == "form")];
    }

    public string Path { get; }

    public IReadOnlyList<PageElement> Elements { get; }

    public IReadOnlyList<PageElement> Forms { get; }

    public PageElement? ByReference(string reference) => _byReference.GetValueOrDefault(reference);

    public PageElement? ById(string id) => _byId.GetValueOrDefault(id);

    public IEnumerable<PageElement> ByName(string name) => _byName[name];

    /// <summary>
    /// The fields of a form. Where the page does not tell which form a field is in, a page with one form has all of them in it;
    /// with several the question has no answer: null.
    /// </summary>
    public IReadOnlyList<PageElement>? FieldsOf(string form)
    {
        var fields = Elements.Where(e => IsField(e.Tag)).ToList();
        return fields.Exists(e => e.Form is not null) ? [.. fields.Where(e => e.Form == form)]
            : Forms.Count <= 1 ? fields
            : null;
    }

    /// <summary>The form that a field is in; null if it is in none, or that cannot be told.</summary>
    public string? FormOf(PageElement? element) => element?.Form ?? (Forms.Count == 1 ? Forms[0].Reference : null);

    private static bool IsField(string tag) => tag is "input" or "select" or "textarea" or "button" or "output" or "fieldset";
}
