using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Markup;

namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>Goes through a page's templates in order, numbers them, and puts marks and slots into the served text.</summary>
internal sealed class PageTemplates(PageMarkup markup, PageText served, TemplateParser parser, DiagnosticList diagnostics)
{
    private static readonly HashSet<string> TextOnly = ["title", "textarea", "option"];

    private readonly List<Template> _templates = [];
    private readonly HashSet<int> _placed = [];
    private readonly TablePlaces _tables = new();
    private int _next;

    public IReadOnlyList<Template> Place()
    {
        if (markup.Regions.Count > ApplicationLimits.MaxTemplatesPerPage)
        {
            var first = markup.Source.PositionAt(markup.Regions[ApplicationLimits.MaxTemplatesPerPage].Start);
            diagnostics.Add(first, $"a page may have {ApplicationLimits.MaxTemplatesPerPage} templates", "Let one template yield the list: {{ rows() | raw }}.");
            return _templates;
        }

        for (var i = 0; i < markup.Tokens.Count && markup.Regions.Count > 0; i++)
        {
            PlaceInToken(i);
        }

        foreach (var region in markup.Regions.Where(region => !_placed.Contains(region.Start)))
        {
            diagnostics.Add(markup.Source.PositionAt(region.Start), "a template cannot stand here", "Templates stand in text and in attributes' values: title=\"{{ … }}\".");
        }

        return _templates;
    }

    private void PlaceInToken(int index)
    {
        var token = markup.Tokens[index];
        _tables.See(token);
        if (token.IsStart)
        {
            PlaceInTag(token, index);
        }
        else if (token.IsText && !markup.IsRawText(index) && !IsTextOnly(index))
        {
            foreach (var region in RegionsIn(token.Start, token.End))
            {
                PlaceText(region);
            }
        }
    }

    private bool IsTextOnly(int index) => index > 0 && markup.Tokens[index - 1] is { IsStart: true } tag && TextOnly.Contains(tag.Name);

    private void PlaceText(TemplateRegion region)
    {
        var part = Parse(region, TemplateKind.Text);
        var index = Add(TemplateKind.Text, [part], region.Start);
        served.ReplaceByTemplate(region.Start, region.End, $"<!--m:{index}-->", index, "<!--/m-->");
        if (_tables.Mistake(part.Filters.Contains("raw")) is var (message, hint))
        {
            diagnostics.Add(markup.Source.PositionAt(region.Start), message, hint);
        }
    }

    private void PlaceInTag(MarkupToken tag, int index)
    {
        var marks = new List<string>();
        foreach (var attribute in tag.Attributes)
        {
            var regions = RegionsIn(attribute.ValueStart, attribute.ValueEnd);
            if (regions.Count == 0)
            {
                continue;
            }

            if (attribute.Name.StartsWith("on", StringComparison.Ordinal))
            {
                RefuseEventAttribute(attribute, regions);
                continue;
            }

            if (TemplatesInCode.Hint(tag, attribute) is { } hint)
            {
                RefuseCode(attribute, regions, hint);
                continue;
            }

            var kind = TemplateAddress.IsNamed(tag.Name, attribute.Name) ? TemplateKind.Address : TemplateKind.Attribute;
            var template = Add(kind, Parts(attribute.Value, regions, kind), attribute.ValueStart);
            served.ReplaceByTemplate(attribute.Start, attribute.End, markup.Source.Text[attribute.Start..NameEnd(attribute)] + "=\"", template, "\"");
            marks.Add($"{template}:{attribute.Name}");
        }

        PlaceElementText(tag, index, marks);
        if (marks.Count > 0)
        {
            Mark(tag, marks);
        }
    }

    private void PlaceElementText(MarkupToken tag, int index, List<string> marks)
    {
        if (!TextOnly.Contains(tag.Name) || index + 1 >= markup.Tokens.Count || !markup.Tokens[index + 1].IsText)
        {
            return;
        }

        var text = markup.Tokens[index + 1];
        var regions = RegionsIn(text.Start, text.End);
        if (regions.Count == 0)
        {
            return;
        }

        // The parser drops a line break right behind <textarea>: the value may begin with one of its own, so one to be dropped is always written.
        var isArea = tag.Name == "textarea";
        var value = isArea && text.Value.StartsWith('\n') ? text.Value[1..] : text.Value;
        var template = Add(TemplateKind.ElementText, Parts(value, regions, TemplateKind.ElementText), text.Start);
        served.ReplaceByTemplate(text.Start, text.End, isArea ? "\n" : "", template, "");
        marks.Add($"{template}:");
    }

    private void Mark(MarkupToken tag, List<string> marks)
    {
        if (tag.Attribute("data-m") is { } own)
        {
            diagnostics.Add(markup.Source.PositionAt(own.NameStart), "'data-m' is the system's own attribute", "Choose another name: data-mark.");
        }
        else
        {
            served.Insert(tag.Start + 1 + tag.Name.Length, $" data-m=\"{string.Join(' ', marks)}\"");
        }
    }

    private void RefuseEventAttribute(MarkupAttribute attribute, List<TemplateRegion> regions) =>
        RefuseCode(attribute, regions, "A value would become code. Put it into an attribute of its own, data-id=\"{{ … }}\", and read it in the handler: this.dataset.id.");

    private void RefuseCode(MarkupAttribute attribute, List<TemplateRegion> regions, string hint)
    {
        regions.ForEach(region => _placed.Add(region.Start));
        diagnostics.Add(markup.Source.PositionAt(regions[0].Start), $"a template cannot be part of the code in '{attribute.Name}'", hint);
    }

    // Literal text and expressions in turn: the value has one masking character for each character of a template.
    private List<TemplatePart> Parts(string value, List<TemplateRegion> regions, TemplateKind kind)
    {
        var parts = new List<TemplatePart>();
        var at = 0;
        foreach (var region in regions)
        {
            var start = value.IndexOf(markup.Mask, at);
            if (start > at)
            {
                parts.Add(new TemplatePart(value[at..start], null, [], markup.Source.PositionAt(region.Start)));
            }

            parts.Add(Parse(region, kind));
            at = start + region.Length;
        }

        if (at < value.Length)
        {
            parts.Add(new TemplatePart(value[at..], null, [], parts[^1].Position));
        }

        return parts;
    }

    private TemplatePart Parse(TemplateRegion region, TemplateKind kind)
    {
        _placed.Add(region.Start);
        return parser.Parse(region, kind);
    }

    private int Add(TemplateKind kind, IReadOnlyList<TemplatePart> parts, int start)
    {
        _templates.Add(new Template(_templates.Count, kind, parts, markup.Source.PositionAt(start)));
        return _templates.Count - 1;
    }

    // Tokens come in order, so do their ranges: the search goes on where the last one ended.
    private List<TemplateRegion> RegionsIn(int start, int end)
    {
        while (_next > 0 && markup.Regions[_next - 1].Start >= start)
        {
            _next--;
        }

        while (_next < markup.Regions.Count && markup.Regions[_next].Start < start)
        {
            _next++;
        }

        var found = new List<TemplateRegion>();
        for (; _next < markup.Regions.Count && markup.Regions[_next].End <= end; _next++)
        {
            found.Add(markup.Regions[_next]);
        }

        return found;
    }

    private static int NameEnd(MarkupAttribute attribute) => attribute.NameStart + attribute.Name.Length;
}
