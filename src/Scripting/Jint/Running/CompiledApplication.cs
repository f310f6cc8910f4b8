using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Compilation;
using Mjolnir.Scripting.Jint.Dom;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>What compiling gave: code, or the mistake that stands in its way.</summary>
internal sealed record Compiled<T>(T? Code, string? Mistake, SourcePosition? Position)
    where T : class
{
    public static Compiled<T> Try(ScriptSource source, Func<T> compile)
    {
        try
        {
            return new Compiled<T>(compile(), null, null);
        }
        catch (SourceMistake e)
        {
            return new Compiled<T>(null, e.Message, source.Position(e.Line, e.Column));
        }
    }
}

/// <summary>
/// The compiled programs of one application version: immutable, shared by all lanes of the process, gone with the version.
/// </summary>
internal sealed class CompiledApplication
{
    private static readonly ConditionalWeakTable<Application, CompiledApplication> Known = [];

    private readonly ConcurrentDictionary<Page, CompiledPage> _pages = new();

    /// <summary>The programs of a version; compiled when first asked for.</summary>
    public static CompiledApplication Of(Application application) => Known.GetValue(application, static _ => new CompiledApplication());

    public CompiledPage Page(Page page, ScriptLimits limits) => _pages.GetOrAdd(page, static (p, l) => new CompiledPage(p, l), limits);
}

/// <summary>The compiled programs of one page.</summary>
internal sealed class CompiledPage
{
    private readonly ScriptLimits _limits;
    private readonly ConcurrentDictionary<Handler, Compiled<FunctionCode>> _handlers = new();
    private readonly ConcurrentDictionary<TemplatePart, Compiled<Expression>> _templates = new();

    public CompiledPage(Page page, ScriptLimits limits)
    {
        _limits = limits;
        Model = new PageModel(page);
        Scripts = [.. page.Scripts.Select(s =>
        {
            var source = new ScriptSource(s.Source, s.File, s.FirstLine, s.FirstColumn);
            return Compiled<ScriptCode>.Try(source, () => Compiler.Script(source, limits));
        })];
    }

    public PageModel Model { get; }

    /// <summary>In the page's order; one that does not compile does not run, as in the browser.</summary>
    public Compiled<ScriptCode>[] Scripts { get; }

    /// <summary>The code of a handler that is no function of the page's scripts: inline code or a listener's expression.</summary>
    public Compiled<FunctionCode> Handler(Handler handler) => _handlers.GetOrAdd(handler, h =>
    {
        var (before, text, after) = h.ListenerSource is { } listener ? ("(", listener, ")") : ("(function (event) {", h.InlineCode!, "\n})");
        var source = new ScriptSource(before + text + after, h.Position.File, h.Position.Line, h.Position.Column - before.Length);
        return Compiled<FunctionCode>.Try(source, () => Compiler.Function(source, _limits));
    });

    /// <summary>The code of a template's expression.</summary>
    public Compiled<Expression> Template(TemplatePart part) => _templates.GetOrAdd(part, p =>
    {
        var source = new ScriptSource("(" + p.Expression + "\n)", p.Position.File, p.Position.Line, p.Position.Column - 1);
        return Compiled<Expression>.Try(source, () => Compiler.Template(source, _limits));
    });
}
