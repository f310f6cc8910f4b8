using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>
/// An object: properties in the order they were made, found by a short scan or, beyond <see cref="ScanLimit"/>, by an index.
/// An object that belongs to the page (made before the first run) is <see cref="Shared"/>: its first change in a run saves what it was,
/// and the end of the run puts that back. Every change goes through <see cref="Touch"/>; that is the whole of the isolation between runs.
/// </summary>
internal class JsObject
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

    /// <summary>Assigns a property as <c>o[key] = value</c> does; a refused assignment throws if <paramref name="strict"/> and is ignored if not.</summary>
    public virtual void Put(string key, JsValue value, bool strict)
    {
        var at = Find(key);
        if (at >= 0)
        {
            PutOwn(at, value, strict);
        }
        else if (AllowsNew(key, value, strict))
        {
            Add(key, value, Attributes.Plain);
        }
    }

    /// <summary>Assigns at an array index.</summary>
    public virtual void PutIndex(uint index, JsValue value, bool strict) => Put(ArrayIndex.Text(index), value, strict);

    /// <summary>Deletes an own property; false (or a TypeError if <paramref name="strict"/>) if it may not be deleted.</summary>
    public virtual bool Delete(string key, bool strict)
    {
        var at = Find(key);
        if (at < 0)
        {
            return true;
        }

        if (!_slots[at].Configurable)
        {
            return strict ? throw Realm.TypeError($"Cannot delete property '{key}'") : false;
        }

        Touch();
        RemoveAt(at);
        return true;
    }

    /// <summary>Sets an own property whatever it was: for the engine's own set-up.</summary>
    public void Set(string key, JsValue value, Attributes attributes = Attributes.Plain)
    {
        Touch();
        var at = Find(key);
        if (at >= 0)
        {
            _slots[at].Value = value;
            _slots[at].Attributes = attributes;
        }
        else
        {
            Add(key, value, attributes);
        }
    }

    /// <summary>Defines an own property as <c>Object.defineProperty</c> does.</summary>
    public virtual void Define(string key, Descriptor descriptor)
    {
        var exists = TryGetOwn(key, out var old);
        if (!exists && !Extensible)
        {
            throw Realm.TypeError($"Cannot define property {key}, object is not extensible");
        }

        if (exists && !old.Configurable)
        {
            PropertyRules.RequireAllowed(Realm, key, old, descriptor);
        }

        Set(key, PropertyRules.Value(old, descriptor), PropertyRules.Attributes(exists, old, descriptor));
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

    /// <summary>Changes the attributes of all own properties (freeze, seal).</summary>
    public virtual void Restrict(Attributes remove)
    {
        Touch();
        for (var i = 0; i < _count; i++)
        {
            var accessor = (_slots[i].Attributes & Attributes.Accessor) != 0;
            _slots[i].Attributes &= ~(accessor ? remove & ~Attributes.Writable : remove);
        }
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

    /// <summary>Replaces the value of a slot that a subclass knows to exist.</summary>
    protected void Replace(string key, JsValue value)
    {
        var at = Find(key);
        _slots[at].Value = value;
    }

    /// <summary>May a property be added by assignment? Calls an inherited setter instead if there is one.</summary>
    protected bool AllowsNew(string key, JsValue value, bool strict)
    {
        var steps = 0;
        for (var o = _prototype; o is not null; o = o._prototype)
        {
            if (o.TryGetOwn(key, out var inherited))
            {
                if (inherited.Accessor is { } accessor)
                {
                    Setter(accessor, key, value, strict);
                    return false;
                }

                if (!inherited.Writable)
                {
                    return strict ? throw ReadOnly(key) : false;
                }

                break;
            }

            Realm.Step(ref steps);
        }

        if (!Extensible)
        {
            return strict ? throw Realm.TypeError($"Cannot add property {key}, object is not extensible") : false;
        }

        return true;
    }

    protected void Add(string key, JsValue value, Attributes attributes)
    {
        Touch();
        Realm.Work(1);
        if (_count == _slots.Length)
        {
            Array.Resize(ref _slots, Math.Max(4, _count * 2));
        }

        _slots[_count] = new Slot(key, value, attributes);
        _index?.Add(key, _count);
        _count++;
        _hasIndexKeys |= ArrayIndex.TryParse(key, out _);
    }

    private ScriptThrow ReadOnly(string key) => Realm.TypeError($"Cannot assign to read only property '{key}' of object");

    private void PutOwn(int at, JsValue value, bool strict)
    {
        ref var slot = ref _slots[at];
        if (slot.Accessor is { } accessor)
        {
            Setter(accessor, slot.Key, value, strict);
            return;
        }

        if (!slot.Writable)
        {
            if (strict)
            {
                throw ReadOnly(slot.Key);
            }

            return;
        }

        Touch();
        _slots[at].Value = value;
    }

    private static JsValue Getter(Accessor accessor, JsValue receiver) =>
        accessor.Getter is null ? default : accessor.Getter.Call(receiver, []);

    private void Setter(Accessor accessor, string key, JsValue value, bool strict)
    {
        if (accessor.Setter is not null)
        {
            accessor.Setter.Call(Of(this), [value]);
        }
        else if (strict)
        {
            throw Realm.TypeError($"Cannot set property {key} of object which has only a getter");
        }
    }

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

    private void RemoveAt(int at)
    {
        Realm.Work(_count);
        _count--;
        Array.Copy(_slots, at + 1, _slots, at, _count - at);
        _slots[_count] = default;
        _index = null;
    }

    private sealed record Saved(Slot[] Slots, JsObject? Prototype, bool Extensible);
}
