using AngleSharp.Dom;
using AngleSharp.Html.Dom;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>Gives elements the names by which messages know them (docs/design/pages.md, "Elements").</summary>
internal sealed class ElementReferences
{
    private readonly PageMarkup _markup;
    private readonly Dictionary<string, IElement> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<IElement, int> _places = [];

    public ElementReferences(PageMarkup markup)
    {
        _markup = markup;
        foreach (var element in markup.Document.All)
        {
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

    /// <summary>An attribute whose value no template makes up; null if it is absent, empty or made up.</summary>
    public string? Fixed(IElement element, string name) =>
        element.GetAttribute(name) is { Length: > 0 } value && !value.Contains(_markup.Mask) ? value : null;

    private string Path(IElement element)
    {
        var steps = new Stack<string>();
        for (INode? node = element; node is IElement step and not IHtmlBodyElement; node = node.Parent)
        {
            steps.Push($"{step.LocalName}:nth-of-type({PlaceOf(step)})");
        }

        return steps.Count == 0 ? "body" : "body>" + string.Join('>', steps);
    }

    // All children of a parent are counted at once: a table may have thousands of rows with handlers.
    private int PlaceOf(IElement element)
    {
        if (!_places.TryGetValue(element, out var place) && element.Parent is { } parent)
        {
            var counts = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var child in parent.ChildNodes.OfType<IElement>())
            {
                _places[child] = counts[child.LocalName] = counts.GetValueOrDefault(child.LocalName) + 1;
            }

            place = _places[element];
        }

        return place;
    }
}
