using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using AngleSharp.Html.Parser.Tokens;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Templates;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>
/// A page parsed as browsers do it, with the place of everything in the author's text. Templates are hidden from the HTML parser (each
/// character of <c>{{ … }}</c> reads as one private character), so that quotes and angle brackets within them are theirs alone.
/// </summary>
internal sealed class PageMarkup
{
    // Their text is no markup and no template: scripts, styles, and what HTML keeps as raw text.
    private static readonly HashSet<string> RawElements = ["script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"];

    private readonly Dictionary<int, IElement> _elements = [];

    private PageMarkup(SourceText source, char mask, IReadOnlyList<TemplateRegion> regions, List<MarkupToken> tokens, IHtmlDocument document)
    {
        (Source, Mask, Regions, Tokens, Document) = (source, mask, regions, tokens, document);
        MapElements();
    }

    public SourceText Source { get; }

    /// <summary>The character that stands for each character of a template in token and attribute values.</summary>
    public char Mask { get; }

    public IReadOnlyList<TemplateRegion> Regions { get; }

    public IReadOnlyList<MarkupToken> Tokens { get; }

    public IHtmlDocument Document { get; }

    /// <summary>Elements whose template element holds them back: they are not on the page, their copies may come to be.</summary>
    public HashSet<IElement> Inert { get; } = [];

    /// <param name="source">the page's text, lines ended by LF</param>
    /// <param name="diagnostics">takes templates that do not end</param>
    public static PageMarkup Parse(SourceText source, DiagnosticList diagnostics)
    {
        var text = source.Text;
        var mask = UnusedCharacter(text);
        IReadOnlyList<TemplateRegion> regions = [];
        if (text.Contains("{{", StringComparison.Ordinal))
        {
            var plain = new List<MarkupToken>();
            Parse(text, plain);
            regions = TemplateRegions.Find(source, Opaque(plain), diagnostics);
        }

        var tokens = new List<MarkupToken>();
        var document = Parse(TemplateRegions.Hide(text, regions, mask), tokens);
        return new PageMarkup(source, mask, regions, tokens, document);
    }

    /// <summary>The element that a start tag made; null if the parser ignored the tag.</summary>
    public IElement? ElementOf(MarkupToken tag) => _elements.GetValueOrDefault(tag.Start);

    /// <summary>Whether the token at this index is text of a script, a style, or another element whose text is no markup.</summary>
    public bool IsRawText(int index) => index > 0 && Tokens[index - 1] is { IsStart: true } tag && RawElements.Contains(tag.Name);

    private static IHtmlDocument Parse(string text, List<MarkupToken> tokens)
    {
        var options = new HtmlParserOptions
        {
            IsKeepingSourceReferences = true,
            OnToken = (token, range) => Append(tokens, Convert(text, token, range.Start.Index, range.End.Index)),
        };
        return new HtmlParser(options).ParseDocument(text);
    }

    // The tokenizer cuts text where a '<' turned out to be no tag.
    private static void Append(List<MarkupToken> tokens, MarkupToken token)
    {
        if (token.IsText && tokens.Count > 0 && tokens[^1] is { IsText: true } before && before.End == token.Start)
        {
            tokens[^1] = before with { End = token.End, Value = before.Value + token.Value };
        }
        else
        {
            tokens.Add(token);
        }
    }

    private static MarkupToken Convert(string text, HtmlToken token, int start, int end)
    {
        end = Math.Min(end, text.Length);
        var attributes = token.Type == HtmlTokenType.StartTag ? ((HtmlTagToken)token).Attributes.Select(a => AttributeRange.Of(text, a, end)) : [];
        return new MarkupToken(token.Type, token is HtmlTagToken ? token.Name : "", start, end, token is HtmlTagToken ? "" : token.Data ?? "", [.. attributes]);
    }

    private static List<(int Start, int End)> Opaque(List<MarkupToken> tokens)
    {
        var ranges = new List<(int, int)>();
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (token.Type is HtmlTokenType.Comment or HtmlTokenType.Doctype)
            {
                ranges.Add((token.Start, token.End));
            }
            else if (token.IsStart && RawElements.Contains(token.Name))
            {
                var end = tokens.FindIndex(i + 1, other => other.Type is HtmlTokenType.EndTag or HtmlTokenType.EndOfFile);
                ranges.Add((token.End, end < 0 ? int.MaxValue : tokens[end].Start));
            }
        }

        return ranges;
    }

    private static char UnusedCharacter(string text)
    {
        var c = '\uE000';
        while (c < '\uF8FF' && text.Contains(c))
        {
            c++;
        }

        return c;
    }

    private void MapElements()
    {
        var unplaced = new Queue<IElement>();
        foreach (var (element, isInert) in AllElements(Document))
        {
            if (isInert)
            {
                Inert.Add(element);
            }

            if (element.SourceReference is { Position.Index: >= 0 and var start })
            {
                _elements.TryAdd(start, element); // a formatting element may have copies: the first stands for the tag
            }
            else if (element.LocalName is "svg" or "math")
            {
                unplaced.Enqueue(element); // the parser does not keep the place of these two
            }
        }

        foreach (var tag in Tokens)
        {
            if (tag is { IsStart: true, Name: "svg" or "math" } && !_elements.ContainsKey(tag.Start) && unplaced.TryPeek(out var next) && next.LocalName == tag.Name)
            {
                _elements[tag.Start] = unplaced.Dequeue();
            }
        }
    }

    /// <summary>All elements in document order, also those that a template element holds back.</summary>
    private static IEnumerable<(IElement Element, bool IsInert)> AllElements(INode root)
    {
        var open = new Stack<(INode Node, bool IsInert)>([(root, false)]);
        while (open.TryPop(out var next))
        {
            if (next.Node is IElement element)
            {
                yield return (element, next.IsInert);
            }

            for (var i = next.Node.ChildNodes.Length - 1; i >= 0; i--)
            {
                open.Push((next.Node.ChildNodes[i], next.IsInert));
            }

            if (next.Node is IHtmlTemplateElement template)
            {
                open.Push((template.Content, true));
            }
        }
    }
}
