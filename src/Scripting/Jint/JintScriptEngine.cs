using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Running;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Jint;

/// <summary>
/// The engine for applications written in ES5, within the process. Texts are parsed by Jint's parser; what they mean is decided here: its interpreter is wrong
/// in too many places on this platform, ignores limits inside library functions, and shares objects between engines (docs/design/scripts.md).
/// One engine per lane; it keeps a realm per page, and compiled programs are shared by all engines of the process.
/// </summary>
public sealed class JintScriptEngine : IScriptEngine
{
    private readonly ScriptLimits _limits;
    private readonly TimeProvider _time;
    private readonly List<Version> _versions = [];

    static JintScriptEngine() => ScriptRuntime.Initialise();

    /// <summary>An engine with these limits.</summary>
    /// <param name="limits">what a run may take</param>
    public JintScriptEngine(ScriptLimits limits)
        : this(limits, TimeProvider.System)
    {
    }

    /// <summary>An engine whose time limits are measured by a clock of the caller's; scripts see only the transaction's time.</summary>
    /// <param name="limits">what a run may take</param>
    /// <param name="time">the clock</param>
    public JintScriptEngine(ScriptLimits limits, TimeProvider time)
    {
        _limits = limits;
        _time = time;
    }

    /// <inheritdoc/>
    public RunResult Run(HandlerCall call, IRowSource rows)
    {
        var version = Of(call.Application);
        var page = PageOf(call);
        if (!version.Pages.TryGetValue(page, out var realm))
        {
            realm = new PageRealm(version.Compiled.Page(page, _limits), _limits, _time);
            version.Pages.Add(page, realm);
        }

        var result = new HandlerRun(realm, call, rows).Run(out var spoilt);
        if (spoilt)
        {
            version.Pages.Remove(page);
        }

        return result;
    }

    /// <inheritdoc/>
    public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows)
    {
        var version = Of(application);
        version.Templates ??= new TemplateRealm(_limits, _time);
        var result = version.Templates.Render(application, version.Compiled.Page(page, _limits), page, user, seed, rows);
        if (result.Status == RunStatus.Aborted)
        {
            version.Templates = null;
        }

        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => _versions.Clear();

    /// <summary>The page that the call came from, if the handler is called from it; else the handler's own.</summary>
    private static Page PageOf(HandlerCall call)
    {
        if (call.Page is not null && call.Page != call.Handler.Page.Path)
        {
            var path = call.Page.EndsWith('/') ? call.Page + "index.html" : call.Page;
            foreach (var page in call.Handler.Pages)
            {
                if (page.Path == path)
                {
                    return page;
                }
            }
        }

        return call.Handler.Page;
    }

    private Version Of(Application application)
    {
        foreach (var version in _versions)
        {
            if (ReferenceEquals(version.Application, application))
            {
                return version;
            }
        }

        if (_versions.Count >= _limits.MaxVersionsKept)
        {
            _versions.RemoveAt(0);
        }

        _versions.Add(new Version(application));
        return _versions[^1];
    }

    /// <summary>The realms of one application version.</summary>
    private sealed class Version(Application application)
    {
        public Application Application { get; } = application;

        public CompiledApplication Compiled { get; } = CompiledApplication.Of(application);

        public Dictionary<Page, PageRealm> Pages { get; } = [];

        public TemplateRealm? Templates { get; set; }
    }
}
