using System.Net;
using AngleSharp.Dom;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Analysis;
using Mjolnir.Scripting.Pages.Markup;

namespace Mjolnir.Scripting.Pages;

/// <summary>Goes through the event attributes of a page: those that reach mjolnir become handlers and are rewritten, all others stay.</summary>
internal sealed class InlineHandlers(
    PageMarkup markup, ElementReferences references, PageGraph graph, PageScripts scripts, TableNames tables, PageText served, DiagnosticList diagnostics)
{
    private readonly List<HandlerUse> _uses = [];
    private readonly Dictionary<string, string> _codeByName = new(StringComparer.Ordinal);

    /// <summary>Elements that have rewritten attributes.</summary>
    public HashSet<IElement> Elements { get; } = [];

    public IReadOnlyList<HandlerUse> Find()
    {
        foreach (var tag in markup.Tokens.Where(token => token.IsStart))
        {
            foreach (var attribute in tag.Attributes)
            {
                if (attribute.Value.Contains(markup.Mask))
                {
                    continue; // a template in code was refused already
                }

                if (attribute.Name.Length > 2 && attribute.Name.StartsWith("on", StringComparison.Ordinal))
                {
                    FindIn(tag, attribute);
                }
                else if (attribute.Value.AsSpan().Trim().StartsWith("javascript:", StringComparison.OrdinalIgnoreCase))
                {
                    CheckLink(attribute);
                }
            }
        }

        return _uses;
    }

    private void FindIn(MarkupToken tag, MarkupAttribute attribute)
    {
        var inline = InlineCode.Of(markup.Source, attribute.Value, attribute.ValueStart, attribute.ValueEnd, graph);
        if (inline.Scope is null)
        {
            if (inline.Code.Scan.MentionsMjolnir || NamesServerFunction(attribute.Value))
            {
                inline.Code.ReportNotEs5(diagnostics, "what uses mjolnir runs on the server as ES5");
            }

            return;
        }

        CheckNames(inline);
        if (graph.IsServerRun(inline.Scope))
        {
            tables.Check(inline.Code, inline.Code.Program!, inTemplate: false);
            Rewrite(tag, attribute, inline);
        }
    }

    private void Rewrite(MarkupToken tag, MarkupAttribute attribute, InlineCode inline)
    {
        var element = markup.ElementOf(tag);
        var position = markup.Source.PositionAt(attribute.ValueStart);
        var globals = graph.GlobalsOf(inline.Scope!);
        string call;
        if (inline.PlainCall() is var (function, arguments) && graph.GlobalFunction(function).Count > 0)
        {
            var scope = graph.GlobalFunction(function)[0];
            _uses.Add(new HandlerUse(function, scope, scope.Code.PositionOf(scope.Node), globals) { Function = function });
            call = $"return mjolnir.run(event,{InlineCode.Quoted(function)},[{arguments}],this)";
        }
        else
        {
            var reference = Reference(tag, element);
            var name = Name(reference, attribute);
            _uses.Add(new HandlerUse(name, inline.Scope!, position, globals) { InlineCode = attribute.Value, Element = reference });
            call = $"return mjolnir.run(event,{InlineCode.Quoted(name)},[],this)";
        }

        if (element is not null)
        {
            Elements.Add(element);
        }

        var written = markup.Source.Text[attribute.NameStart..(attribute.NameStart + attribute.Name.Length)];
        served.Replace(attribute.Start, attribute.End, $"{written}=\"{WebUtility.HtmlEncode(call).Replace("&#39;", "'", StringComparison.Ordinal)}\"");
    }

    // What a template element holds back is not on the page: its copies will be, at places of their own. A tag may also be one that the parser
    // dropped; a second <body> gives its attributes to the first.
    private string? Reference(MarkupToken tag, IElement? element) =>
        element is null ? tag.Name == "body" ? "body" : null : markup.Inert.Contains(element) ? null : references.Of(element);

    // Where the element does not tell the code (an id used twice, a template's copies), the code's hash does.
    private string Name(string? reference, MarkupAttribute attribute)
    {
        var suffix = attribute.Name[2..];
        var name = $"{markup.Source.File}#{reference?.TrimStart('#', '@')}.{suffix}";
        _codeByName.TryAdd(name, attribute.Value);
        return reference is null || _codeByName[name] != attribute.Value ? $"{markup.Source.File}#code:{SourceHash.Of(attribute.Value)}.{suffix}" : name;
    }

    // A call of a function that no script has is a mistake in any case, whether it would run on the server or not.
    private void CheckNames(InlineCode inline)
    {
        if (scripts.HasUnknown)
        {
            return;
        }

        foreach (var reference in inline.Scope!.TextReferences())
        {
            if (reference is { Owner: null, Use: ReferenceUse.Called } && !IsKnown(reference.Name))
            {
                diagnostics.Add(
                    inline.Code.PositionOf(reference.Node),
                    $"no script of this page has a function '{reference.Name}'",
                    NearestName.Hint(reference.Name, graph.GlobalFunctionNames, "Write it, or give the page the script that has it: <script src=\"…\">."));
            }
        }
    }

    // A script that only names the function may define it in a way that is not seen: Object.assign(window, …).
    private bool IsKnown(string name) =>
        BrowserNames.Has(name) || graph.IsGlobal(name) || scripts.BrowserOnly.Concat(scripts.Server).Any(code => code.Text.Contains(name, StringComparison.Ordinal));

    private bool NamesServerFunction(string code) =>
        graph.GlobalFunctionNames.Any(name => code.Contains(name, StringComparison.Ordinal) && graph.GlobalFunction(name).Any(graph.IsServerRun));

    private void CheckLink(MarkupAttribute attribute)
    {
        var colon = attribute.Value.IndexOf(':', StringComparison.Ordinal) + 1;
        var inline = InlineCode.Of(markup.Source, attribute.Value[colon..], attribute.ValueStart, attribute.ValueEnd, graph);
        if (inline.Scope is not null && graph.IsServerRun(inline.Scope))
        {
            diagnostics.Add(
                markup.Source.PositionAt(attribute.ValueStart),
                "a 'javascript:' address cannot run on the server",
                $"Write href=\"#\" onclick=\"{attribute.Value[colon..].Trim()}; return false\".");
        }
    }
}
