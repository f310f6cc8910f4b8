using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Analysis;
using Mjolnir.Scripting.Pages.Markup;
using Mjolnir.Scripting.Pages.Templates;

namespace Mjolnir.Scripting.Pages;

/// <summary>A page made ready, with the handlers that it fires.</summary>
/// <param name="Page">the page</param>
/// <param name="Handlers">what its attributes and listeners run on the server, and what mjolnir.json lists and its scripts define</param>
internal sealed record CompiledPage(Page Page, IReadOnlyList<HandlerUse> Handlers);

/// <summary>Makes a page of an HTML file.</summary>
internal sealed class PageCompiler(Manifest manifest, string version, ScriptLibrary library, DiagnosticList diagnostics)
{
    private readonly TableNames _tables = new(manifest.Tables, diagnostics);

    /// <summary>The page; null, with a diagnostic, if the file cannot be read as one.</summary>
    public CompiledPage? Compile(SourceFile file)
    {
        if (file.Bytes.Length > ApplicationLimits.MaxPageBytes)
        {
            diagnostics.Add(new SourcePosition(file.Path, 1, 1), $"a page may have {ApplicationLimits.MaxPageBytes / 1024 / 1024} MB at most", "Load large content by a script or as a file of its own.");
            return null;
        }

        return SourceText.Decode(file, diagnostics) is { } source ? Compile(source.WithLineFeeds()) : null;
    }

    private CompiledPage Compile(SourceText source)
    {
        // 1. Markup, scripts, and who reaches whom.
        var markup = PageMarkup.Parse(source, diagnostics);
        var scripts = PageScripts.Of(markup, library, diagnostics);
        var graph = PageGraph.Of(scripts.Server);

        // 2. Handlers: attributes, listeners, and functions that mjolnir.json lists.
        var served = new PageText(source.Text);
        var references = new ElementReferences(markup);
        var inline = new InlineHandlers(markup, references, graph, scripts, _tables, served, diagnostics);
        var listeners = new ListenerFinder(source.File, graph, diagnostics).Find();
        List<HandlerUse> handlers = [.. inline.Find(), .. listeners, .. Listed(graph)];
        CheckScripts(scripts, graph, handlers);

        // 3. Templates, and what the page carries.
        var templates = new PageTemplates(markup, served, new TemplateParser(source, _tables, diagnostics), diagnostics).Place();
        var path = "/" + source.File;
        served.Insert(HeadStart.Of(markup), PageManifest.Html(path, version, handlers, listeners));
        var (literals, slots) = served.Cut();
        var page = new Page
        {
            Path = path,
            Literals = literals,
            Slots = slots,
            Templates = templates,
            Scripts = [.. NeededScripts.Of(scripts.Server, graph, handlers).Select(ToPageScript)],
            Elements = PageElements.Of(markup, references, inline.Elements),
        };
        return new CompiledPage(page, handlers);
    }

    private IEnumerable<HandlerUse> Listed(PageGraph graph) =>
        from declared in manifest.Handlers.Values
        let functions = graph.GlobalFunction(declared.Name)
        where functions.Count > 0
        select new HandlerUse(declared.Name, functions[^1], functions[^1].Code.PositionOf(functions[^1].Node), graph.GlobalsOf(functions[^1])) { Function = declared.Name };

    private void CheckScripts(PageScripts scripts, PageGraph graph, List<HandlerUse> handlers)
    {
        foreach (var code in scripts.Server)
        {
            _tables.Check(code, code.Program!, inTemplate: false);
        }

        var checks = new BrowserRunChecks(graph, scripts, diagnostics);
        checks.Check();
        checks.CheckNeeds(handlers.SelectMany(handler => graph.Closure(handler.Scope)).Distinct());
    }

    private static PageScript ToPageScript(PageCode code)
    {
        var start = code.PositionAt(0);
        return new PageScript(code.Text, start.File, start.Line, start.Column);
    }
}
