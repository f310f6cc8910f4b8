using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Compilation;
using Mjolnir.Scripting.Jint.Dom;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Rows;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>
/// The world of one page on one lane: made once, with the page's scripts run in it, then sealed. Runs borrow it one after another; after each
/// the journal puts back whatever it changed.
/// </summary>
internal sealed class PageRealm
{
    private readonly HashSet<string> _builtIn;
    private readonly List<PageGlobal> _kept = [];
    private readonly Dictionary<PageGlobal, string> _keptJson = [];
    private readonly Dictionary<string, JsValue> _code = new(StringComparer.Ordinal);
    private RunContext? _context;

    public PageRealm(CompiledPage page, ScriptLimits limits, TimeProvider time)
    {
        Page = page;
        Realm = new Realm(limits, time);
        World = new PageWorld(Realm, page.Model);
        MjolnirObject.Install(Realm, () => _context ?? throw Realm.Abort("mjolnir cannot be used while the page's scripts load, only in handlers"));
        BrowserSide.Install(World);
        _builtIn = [.. Realm.Global.OwnKeys()];
        Realm.StartBudget(limits.SetUpTimeout);
        RunScripts();
        KeepGlobals();
        Realm.Seal();
    }

    public CompiledPage Page { get; }

    public Realm Realm { get; }

    public PageWorld World { get; }

    /// <summary>The first thing that went wrong while the page's scripts ran; later scripts run all the same, as in the browser.</summary>
    public (string Reason, SourcePosition? Position)? SetUpFailure { get; private set; }

    /// <summary>A scope without variables, for code that stands alone.</summary>
    public Scope EmptyScope => new(Realm, [], null);

    /// <summary>Lends the realm to a run.</summary>
    public void Begin(PageRun page, RunContext context, RunSeed seed)
    {
        Realm.Seed = seed;
        Realm.StartBudget(Realm.Limits.Timeout);
        Realm.Journal.Open = true;
        _context = context;
        World.Begin(page);
    }

    /// <summary>Takes it back, as it was.</summary>
    public void End()
    {
        World.End();
        _context = null;
        Realm.Journal.Undo();
    }

    /// <summary>Notes the globals that the run changed.</summary>
    public void CollectGlobals(PageRun run)
    {
        foreach (var (global, value) in run.ReadGlobals)
        {
            if (!Realm.Global.IsAssigned(global) && (run.IsShipped(global.Name) || !Realm.Journal.IsEmpty))
            {
                Report(run, global.Name, value, run.JsonBefore(global) ?? _keptJson[global]);
            }
        }

        if (Realm.Global.IsTouched)
        {
            CollectAssigned(run);
        }
    }

    private void CollectAssigned(PageRun run)
    {
        foreach (var global in _kept.Where(Realm.Global.IsAssigned))
        {
            Realm.Global.TryGetOwn(global.Name, out var slot);
            Report(run, global.Name, slot.Value, run.JsonBefore(global) ?? _keptJson[global]);
        }

        foreach (var name in Realm.Global.OwnKeys().Where(n => !_builtIn.Contains(n) && !_kept.Exists(k => k.Name == n)))
        {
            Realm.Global.TryGetOwn(name, out var slot);
            if (slot.Accessor is null && (!_code.TryGetValue(name, out var before) || !JsValue.Same(before, slot.Value)))
            {
                Report(run, name, slot.Value, null);
            }
        }
    }

    private void Report(PageRun run, string name, JsValue value, string? before)
    {
        if (value.IsObject && !GlobalValues.IsData(Realm, value))
        {
            throw Realm.Abort($"the global '{name}' holds what cannot be sent to the browser: only data can, no functions, elements, dates or rows");
        }

        var now = GlobalValues.Json(Realm, value) ?? "null";
        if (now != before)
        {
            run.Changes.Global(name, now);
        }
    }

    private void RunScripts()
    {
        foreach (var script in Page.Scripts)
        {
            if (script.Code is not { } code)
            {
                SetUpFailure ??= (script.Mistake!, script.Position);
                continue;
            }

            try
            {
                RunScript(code);
            }
            catch (ScriptThrow e)
            {
                SetUpFailure ??= (Failure.Describe(e.Value), e.Site?.Position);
            }
            catch (RunAborted e)
            {
                SetUpFailure ??= (e.Message, e.Position);
            }
        }
    }

    private void RunScript(ScriptCode code)
    {
        var scope = EmptyScope;
        foreach (var name in code.Variables)
        {
            if (!Realm.Global.TryGetOwn(name, out _))
            {
                Realm.Global.Set(name, default, Attributes.Writable | Attributes.Enumerable);
            }
        }

        foreach (var (name, function) in code.Functions)
        {
            Realm.Global.Set(name, new ScriptFunction(Realm, function, scope), Attributes.Writable | Attributes.Enumerable);
        }

        Realm.Depth = 0;
        Statements.Run(code.Body, new Frame(Realm, scope, Realm.Global));
    }

    private void KeepGlobals()
    {
        foreach (var name in Realm.Global.OwnKeys().Where(n => !_builtIn.Contains(n)))
        {
            if (Realm.Global.TryGetOwn(name, out var slot) && slot.Accessor is null && GlobalValues.IsData(Realm, slot.Value))
            {
                var global = Realm.Global.MarkKept(name);
                _kept.Add(global);
                _keptJson.Add(global, GlobalValues.Json(Realm, global.AsWritten) ?? "null");
            }
            else
            {
                _code.Add(name, slot.Value);
            }
        }
    }
}
