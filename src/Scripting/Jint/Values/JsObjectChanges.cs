using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <content>Assigning, defining and deleting properties.</content>
internal partial class JsObject
{
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

    private void RemoveAt(int at)
    {
        Realm.Work(_count);
        _count--;
        Array.Copy(_slots, at + 1, _slots, at, _count - at);
        _slots[_count] = default;
        _index = null;
    }
}
