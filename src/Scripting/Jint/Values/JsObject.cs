using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>
/// An object: properties in the order they were made, found by a short scan or, beyond <see cref="ScanLimit"/>, by an index.
/// An object that belongs to the page (made before the first run) is <see cref="Shared"/>: its first change in a run saves what it was,
/// and the end of the run puts that back. Every change goes through <see cref="Touch"/>; that is the whole of the isolation between runs.
/// </summary>
internal partial class JsObject
{
    /// <summary>Properties up to which a scan is faster than an index; measured on rows and literals.</summary>
    private const int ScanLimit = 8;

    private static readonly Slot[] NoSlots = [];

    private Slot[] _slots;
    private int _count;
    private Dictionary<string, int>? _index;
    private JsObject? _prototype;
    private bool _extensible = true;
    private bool _hasIndexKeys;
    private bool _touched;

    public JsObject(Realm realm, JsObject? prototype)
    {
        Realm = realm;
        _prototype = prototype;
        _slots = NoSlots;
        Shared = realm.MakesShared;
    }

    /// <summary>An object whose properties are given; the array is taken over.</summary>
    public JsObject(Realm realm, JsObject? prototype, Slot[] slots)
        : this(realm, prototype)
    {
        _slots = slots;
        _count = slots.Length;
        foreach (ref readonly var slot in Slots)
        {
            _hasIndexKeys |= slot.Key.Length > 0 && slot.Key[0] is >= '0' and <= '9';
        }
    }

    public Realm Realm { get; }

    /// <summary>Made before the first run: changes are undone when a run ends.</summary>
    public bool Shared { get; private set; }

    /// <summary>The run under way changed it.</summary>
    public bool IsTouched => _touched;

    public virtual string Class => "Object";

    public JsObject? Prototype
    {
        get => _prototype;
        set
        {
            Touch();
            _prototype = value;
        }
    }

    public virtual bool Extensible => _extensible;

    /// <summary>No property can be added from now on.</summary>
    public void PreventExtensions()
    {
        Touch();
        _extensible = false;
    }

    /// <summary>Own properties in storage; the language's order is <see cref="OwnKeys"/>.</summary>
    protected ReadOnlySpan<Slot> Slots => _slots.AsSpan(0, _count);

    /// <summary>To be called before each change of anything a script could see.</summary>
    protected internal void Touch()
    {
        if (Shared && !_touched)
        {
            _touched = Realm.Journal.Save(this);
        }
    }

    /// <summary>What <see cref="Restore"/> needs to put everything back.</summary>
    internal virtual object Save() => new Saved(_slots.AsSpan(0, _count).ToArray(), _prototype, _extensible);

    internal virtual void Restore(object saved)
    {
        var state = (Saved)saved;
        _slots = state.Slots;
        _count = state.Slots.Length;
        _prototype = state.Prototype;
        _extensible = state.Extensible;
        _index = null;
        _touched = false;
    }

    /// <summary>Looks up an own property.</summary>
    public virtual bool TryGetOwn(string key, out Slot slot)
    {
        var at = Find(key);
        if (at < 0)
        {
            slot = default;
            return false;
        }

        slot = _slots[at];
        return true;
    }

    /// <summary>The value of a property, own or inherited; undefined if there is none.</summary>
    public JsValue Get(string key) => Get(key, Of(this));

    /// <summary>The same, with the <c>this</c> that a getter gets.</summary>
    public JsValue Get(string key, JsValue receiver)
    {
        var steps = 0;
        for (var o = this; o is not null; o = o._prototype)
        {
            if (o.TryGetOwn(key, out var slot))
            {
                return slot.Accessor is { } accessor ? Getter(accessor, receiver) : slot.Value;
            }

            Realm.Step(ref steps);
        }

        return default;
    }

    /// <summary>The value at an array index.</summary>
    public virtual JsValue GetIndex(uint index) => Get(ArrayIndex.Text(index));

    public bool HasProperty(string key)
    {
        var steps = 0;
        for (var o = this; o is not null; o = o._prototype)
        {
            if (o.TryGetOwn(key, out _))
            {
                return true;
            }

            Realm.Step(ref steps);
        }

        return false;
    }

    /// <summary>Own keys in the language's order: array indexes ascending, then the others as they were made.</summary>
    public virtual List<string> OwnKeys()
    {
        Realm.Work(_count);
        var keys = new List<string>(_count);
        foreach (ref readonly var slot in Slots)
        {
            keys.Add(slot.Key);
        }

        if (_hasIndexKeys)
        {
            ArrayIndex.Order(keys);
        }

        return keys;
    }

    /// <summary>Own enumerable keys, in order.</summary>
    public List<string> EnumerableKeys()
    {
        var keys = OwnKeys();
        keys.RemoveAll(key => !TryGetOwn(key, out var slot) || !slot.Enumerable);
        return keys;
    }

    /// <summary>Could an array index be found among the prototypes? Hardly ever, and asking this first saves making texts of indexes.</summary>
    protected bool InheritsIndexes
    {
        get
        {
            var steps = 0;
            for (var o = _prototype; o is not null; o = o._prototype)
            {
                if (o._hasIndexKeys || o.HasOwnIndexes)
                {
                    return true;
                }

                Realm.Step(ref steps);
            }

            return false;
        }
    }

    /// <summary>Does it answer to array indexes otherwise than by ordinary properties?</summary>
    protected virtual bool HasOwnIndexes => GetType() != typeof(JsObject);

    protected static JsValue Of(JsObject value) => JsValue.Of(value);

    private static JsValue Getter(Accessor accessor, JsValue receiver) =>
        accessor.Getter is null ? default : accessor.Getter.Call(receiver, []);

    private int Find(string key)
    {
        if (_count > ScanLimit)
        {
            return (_index ?? BuildIndex()).TryGetValue(key, out var at) ? at : -1;
        }

        var slots = _slots;
        for (var i = 0; i < _count; i++)
        {
            if (ReferenceEquals(slots[i].Key, key))
            {
                return i;
            }
        }

        for (var i = 0; i < _count; i++)
        {
            if (slots[i].Key == key)
            {
                return i;
            }
        }

        return -1;
    }

    private Dictionary<string, int> BuildIndex()
    {
        _index = new Dictionary<string, int>(_count * 2);
        for (var i = 0; i < _count; i++)
        {
            _index.Add(_slots[i].Key, i);
        }

        return _index;
    }

    private sealed record Saved(Slot[] Slots, JsObject? Prototype, bool Extensible);
}
