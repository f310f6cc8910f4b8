using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>
/// The browser's side of a realm: which elements there are, and the run that now reads and writes them. While the page's scripts run there is no run:
/// reads give the page as written, writes and registrations have no effect (the browser does them), and what is unknown gives an <see cref="Absorber"/>.
/// </summary>
internal sealed class PageWorld
{
    private readonly Dictionary<string, PageElementObject> _elements = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PageElementObject> _runElements = new(StringComparer.Ordinal);
    private readonly Absorber _absorber;

    public PageWorld(Realm realm, PageModel page)
    {
        Realm = realm;
        Page = page;
        _absorber = new Absorber(realm);
        ElementPrototype = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        ElementMethods.Install(this);
        DocumentObject.Install(this);
        WindowObjects.Install(this);
    }

    public Realm Realm { get; }

    public PageModel Page { get; }

    public JsObject ElementPrototype { get; }

    /// <summary>The run under way; null while the page's scripts run.</summary>
    public PageRun? Run { get; private set; }

    public void Begin(PageRun run)
    {
        Run = run;
        run.Elements = id => JsValue.OrNull(ById(id));
        Realm.Global.State = run;
    }

    public void End()
    {
        Run = null;
        Realm.Global.State = null;
        _runElements.Clear();
    }

    /// <summary>The object of an element, the same each time.</summary>
    public PageElementObject Element(string reference)
    {
        if (_elements.TryGetValue(reference, out var element) || _runElements.TryGetValue(reference, out element))
        {
            return element;
        }

        element = new PageElementObject(this, reference);
        (Run is null ? _elements : _runElements).Add(reference, element);
        return element;
    }

    /// <summary>The element with an id; null if there is none.</summary>
    public PageElementObject? ById(string id)
    {
        var known = Page.ById(id);
        return (Run?.Exists(id) ?? known is not null) ? Element(known?.Reference ?? "#" + id) : null;
    }

    /// <summary>Ends the run over something the server cannot do; does nothing while the page's scripts run.</summary>
    public JsValue Unsupported(string what) => Run is null ? _absorber : throw Realm.NotSupported(what);

    /// <summary>Does something to the page of the run; nothing while the page's scripts run.</summary>
    public void Change(Action<PageChanges> change)
    {
        if (Run is not null)
        {
            change(Run.Changes);
        }
    }
}

/// <summary>
/// Stands for whatever the browser has and the server has not, while a page's scripts run: it can be called, read and assigned, and nothing comes of it.
/// So a page that starts a timer or draws a chart when it loads still has its functions here.
/// </summary>
internal sealed class Absorber(Realm realm) : JsFunction(realm, realm.Intrinsics.FunctionPrototype)
{
    public override bool IsConstructor => true;

    public override bool TryGetOwn(string key, out Slot slot)
    {
        slot = key is "toString" or "valueOf"
            ? new Slot(key, new NativeFunction(Realm, key, 0, (_, _, _) => ""), Attributes.Plain)
            : new Slot(key, key == "length" ? 0 : Of(this), Attributes.Plain);
        return key is not ("toJSON" or "then");
    }

    public override void Put(string key, JsValue value, bool strict)
    {
    }

    public override List<string> OwnKeys() => [];

    protected override JsValue Invoke(JsValue self, JsValue[] args) => Of(this);

    protected override JsObject Construct(JsValue[] args) => this;
}
