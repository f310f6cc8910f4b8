using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>
/// The page as one run sees it: what the browser shipped over what the page was written with, under what the run itself wrote. Keeps what was read.
/// A value that was not shipped and exists only in the browser is noted as missing; the run goes on with the value as written, to learn
/// what else it reads, and its outcome is thrown away.
/// </summary>
internal sealed class PageRun(Realm realm, PageModel page, HandlerCall call) : IGlobalState
{
    private readonly Dictionary<(string Reference, string Property), JsValue> _written = [];
    private readonly Dictionary<PageGlobal, (JsValue Value, string? Json)> _globals = [];
    private readonly Dictionary<string, Dictionary<string, bool>> _classes = [];
    private JsObject? _inputs;
    private JsObject? _shippedGlobals;

    public PageReads Reads { get; } = new();

    public PageChanges Changes { get; } = new();

    /// <summary>Something was read that the browser must ship first.</summary>
    public bool IsIncomplete { get; private set; }

    public HandlerCall Call => call;

    public string Path => call.Page ?? page.Path;

    /// <summary>Globals that this run looked at, with the value each had then.</summary>
    public IEnumerable<(PageGlobal Global, JsValue Value)> ReadGlobals => _globals.Select(g => (g.Key, g.Value.Value));

    /// <summary>A global's value as it was shipped, as JSON; null if it was not shipped.</summary>
    public string? JsonBefore(PageGlobal global) => _globals.TryGetValue(global, out var known) ? known.Json : null;

    private JsObject Inputs => _inputs ??= Parse(call.Inputs);

    private JsObject ShippedGlobals => _shippedGlobals ??= Parse(call.Globals);

    /// <summary>The key of an element in messages: its reference without mark.</summary>
    public static string KeyOf(string reference) => reference[0] is '#' or '@' ? reference[1..] : reference;

    /// <summary>Reads a property of an element.</summary>
    public JsValue Read(string reference, string property)
    {
        if (_written.TryGetValue((reference, property), out var written))
        {
            return written;
        }

        Reads.Input(KeyOf(reference), property);
        if (Inputs.TryGetOwn(KeyOf(reference), out var shipped) && shipped.Value.Object is { } properties && properties.TryGetOwn(property, out var slot))
        {
            return slot.Value;
        }

        // Shipped as null: the browser looked, and there is no such element.
        IsIncomplete |= call.Partial && !shipped.Value.IsNull;
        return AsWritten.Read(page.ByReference(reference), property);
    }

    /// <summary>Has this run written the property?</summary>
    public bool TryReadWritten(string reference, string property, out JsValue value) => _written.TryGetValue((reference, property), out value);

    /// <summary>Remembers what the run wrote, for its own later reads; the change itself is <see cref="Changes"/>' matter.</summary>
    public void Write(string reference, string property, JsValue value) => _written[(reference, property)] = value;

    /// <summary>Forgets what the run wrote: another property now decides.</summary>
    public void Forget(string reference, string property) => _written.Remove((reference, property));

    /// <summary>The run added or removed a class of an element whose classes it did not write as a whole.</summary>
    public void ClassChange(string reference, string name, bool on)
    {
        if (!_classes.TryGetValue(reference, out var changes))
        {
            _classes.Add(reference, changes = []);
        }

        changes.Remove(name);
        changes.Add(name, on);
    }

    /// <summary>The classes of an element after the run's changes.</summary>
    public string WithClassChanges(string reference, string classes)
    {
        if (!_classes.TryGetValue(reference, out var changes))
        {
            return classes;
        }

        var others = classes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(c => !changes.ContainsKey(c));
        return string.Join(' ', others.Concat(changes.Where(c => c.Value).Select(c => c.Key)));
    }

    /// <summary>The run wrote all classes of an element: what it did to single ones before is gone.</summary>
    public void ForgetClasses(string reference)
    {
        if (_classes.Remove(reference, out var changes))
        {
            foreach (var name in changes.Keys)
            {
                Forget(reference, "class:" + name);
            }
        }
    }

    /// <summary>Is there an element with an id? One that the page was not written with must be asked for.</summary>
    public bool Exists(string id)
    {
        var found = Inputs.TryGetOwn(id, out var shipped);
        if (page.ById(id) is not null)
        {
            return !found || !shipped.Value.IsNull;
        }

        if (!found && call.Partial)
        {
            Reads.Input(id, "@id");
            IsIncomplete = true;
        }

        return found && shipped.Value.IsObject;
    }

    public JsValue Read(PageGlobal global)
    {
        if (_globals.TryGetValue(global, out var known))
        {
            return known.Value;
        }

        Reads.Global(global.Name);
        var value = global.AsWritten;
        string? json = null;
        if (ShippedGlobals.TryGetOwn(global.Name, out var shipped))
        {
            json = GlobalValues.Json(realm, shipped.Value);
            value = GlobalValues.Merge(global.AsWritten, shipped.Value);
        }
        else
        {
            IsIncomplete |= call.Partial;
        }

        _globals.Add(global, (value, json));
        return value;
    }

    public bool TryReadUnknown(string name, out JsValue value)
    {
        if (ShippedGlobals.TryGetOwn(name, out var shipped))
        {
            Reads.Global(name);
            value = shipped.Value;
            return true;
        }

        if (call.Partial && call.Handler.Globals.Contains(name))
        {
            Reads.Global(name);
            IsIncomplete = true;
        }

        // A browser finds elements by their id among the globals.
        value = page.ById(name) is not null && Elements is not null ? Elements(name) : default;
        return value.IsObject;
    }

    /// <summary>Gives the element with an id.</summary>
    public Func<string, JsValue>? Elements { get; set; }

    /// <summary>Does the browser ship a value for this name?</summary>
    public bool IsShipped(string name) => ShippedGlobals.TryGetOwn(name, out _);

    private JsObject Parse(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
        {
            return new JsObject(realm, null);
        }

        return JsonReader.ReadUtf8(realm, json.Span).Object ?? throw realm.Abort("the call's inputs and globals must be JSON objects");
    }
}
