using AngleSharp.Dom;
using AngleSharp.Html.Dom;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>Gives elements the names by which messages know them (docs/design/pages.md, "Elements").</summary>
internal sealed class ElementReferences
{
    private readonly PageMarkup _markup;
    private readonly Dictionary<string, IElement> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IElement> _byName = new(StringComparer.Ordinal);

    public ElementReferences(PageMarkup markup)
    {
        _markup = markup;
        foreach (var element in markup.Document.All)
        {
            if (Fixed(element, "id") is { } id)
            {
                _byId.TryAdd(id, element);
            }

            if (Fixed(element, "name") is { } name)
            {
                _byName.TryAdd(name, element);
            }
        }
    }

    /// <summary><c>#id</c>, <c>@name</c> of the first of that name, or a path from <c>body</c>.</summary>
    public string Of(IElement element)
    {
        if (Fixed(element, "id") is { } id)
        {
            return "#" + id;
        }

        return Fixed(element, "name") is { } name && _byName.GetValueOrDefault(name) == element ? "@" + name : Path(element);
    }

    public IElement? ById(string id) => _byId.GetValueOrDefault(id);

    /// <summary>An attribute whose value no template makes up; null if it is absent, empty or made up.</summary>
    public string? Fixed(IElement element, string name) =>
        element.GetAttribute(name) is { Length: > 0 } value && !value.Contains(_markup.Mask) ? value : null;

    private static string Path(IElement element)
    {
        var steps = new Stack<string>();
        for (INode? node = element; node is IElement step and not IHtmlBodyElement; node = node.Parent)
        {
            steps.Push($"{step.LocalName}:nth-of-type({Place(step)})");
        }

        return steps.Count == 0 ? "body" : "body>" + string.Join('>', steps);
    }

    private static int Place(IElement element)
    {
        var place = 1;
        for (var before = element.PreviousElementSibling; before is not null; before = before.PreviousElementSibling)
        {
            place += before.LocalName == element.LocalName ? 1 : 0;
        }

        return place;
    }
}
