using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>
/// An array: elements side by side, holes marked. <see cref="Length"/> may lie beyond the elements (<c>new Array(5e6)</c> costs nothing until it is filled);
/// an assignment far beyond the last element is refused rather than kept in another form.
/// </summary>
internal sealed class JsArray : JsObject
{
    private static readonly object Hole = new();

    private JsValue[] _items;
    private int _count;
    private uint _length;
    private Attributes _attributes = Attributes.Plain;
    private bool _lengthWritable = true;

    public JsArray(Realm realm, JsValue[] items)
        : this(realm, items, items.Length)
    {
    }

    public JsArray(Realm realm, JsValue[] items, int count)
        : base(realm, realm.Intrinsics.ArrayPrototype)
    {
        _items = items;
        _count = count;
        _length = (uint)count;
    }

    public JsArray(Realm realm, uint length)
        : this(realm, [], 0)
    {
        _length = length;
    }

    public override string Class => "Array";

    public uint Length => _length;

    /// <summary>The elements, when none is a hole and none is inherited: what the engine's own loops may walk. Null otherwise.</summary>
    public ReadOnlySpan<JsValue> Dense => _items.AsSpan(0, _count);

    /// <summary>True if <see cref="Dense"/> is the whole array and has no holes.</summary>
    public bool IsDense()
    {
        if (_count != _length)
        {
            return false;
        }

        foreach (var item in Dense)
        {
            if (ReferenceEquals(item.Reference, Hole))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Is there an element of its own at that place?</summary>
    public bool HasElement(double index) => index < _count && !ReferenceEquals(_items[(int)index].Reference, Hole);

    public override JsValue GetIndex(uint index)
    {
        if (index < _count && !ReferenceEquals(_items[index].Reference, Hole))
        {
            return _items[index];
        }

        return InheritsIndexes ? Prototype!.Get(ArrayIndex.Text(index), Of(this)) : default;
    }

    public override void PutIndex(uint index, JsValue value, bool strict)
    {
        if (index < _count && _attributes == Attributes.Plain && !ReferenceEquals(_items[index].Reference, Hole))
        {
            Touch();
            _items[index] = value;
        }
        else
        {
            PutSlow(index, value, strict);
        }
    }

    /// <summary>Adds an element behind the last.</summary>
    public void Push(JsValue value)
    {
        if (_attributes != Attributes.Plain || !Extensible || !_lengthWritable)
        {
            throw Realm.TypeError($"Cannot add property {_length}, object is not extensible");
        }

        SetElement(_length, value);
    }

    /// <summary>Replaces all elements (sort, reverse, splice); the array is taken over.</summary>
    public void ReplaceAll(JsValue[] items, int count)
    {
        if (_attributes != Attributes.Plain || !_lengthWritable || (!Extensible && count > _count))
        {
            throw Realm.TypeError("Cannot assign to read only property of array");
        }

        Touch();
        _items = items;
        _count = count;
        _length = (uint)count;
    }

    public override bool TryGetOwn(string key, out Slot slot)
    {
        if (ArrayIndex.TryParse(key, out var index))
        {
            var found = index < _count && !ReferenceEquals(_items[index].Reference, Hole);
            slot = found ? new Slot(key, _items[index], _attributes) : default;
            return found;
        }

        if (key == "length")
        {
            slot = new Slot(key, _length, _lengthWritable ? Attributes.Writable : Attributes.None);
            return true;
        }

        return base.TryGetOwn(key, out slot);
    }

    public override void Put(string key, JsValue value, bool strict)
    {
        if (ArrayIndex.TryParse(key, out var index))
        {
            PutIndex(index, value, strict);
        }
        else if (key == "length")
        {
            SetLength(value, strict);
        }
        else
        {
            base.Put(key, value, strict);
        }
    }

    public override bool Delete(string key, bool strict)
    {
        if (key == "length")
        {
            return strict ? throw Realm.TypeError("Cannot delete property 'length'") : false;
        }

        if (!ArrayIndex.TryParse(key, out var index))
        {
            return base.Delete(key, strict);
        }

        if (index < _count)
        {
            if ((_attributes & Attributes.Configurable) == 0)
            {
                return strict ? throw Realm.TypeError($"Cannot delete property '{key}'") : false;
            }

            Touch();
            _items[index] = JsValue.Marker(Hole);
        }

        return true;
    }

    public override void Define(string key, Descriptor descriptor)
    {
        if (key == "length")
        {
            DefineLength(descriptor);
            return;
        }

        if (!ArrayIndex.TryParse(key, out var index))
        {
            base.Define(key, descriptor);
            return;
        }

        var exists = TryGetOwn(key, out var old);
        if (!exists && !Extensible)
        {
            throw Realm.TypeError($"Cannot define property {key}, object is not extensible");
        }

        if (exists && !old.Configurable)
        {
            PropertyRules.RequireAllowed(Realm, key, old, descriptor);
        }

        if (PropertyRules.Attributes(exists, old, descriptor) != _attributes)
        {
            throw Realm.NotSupported("an array element that is an accessor, hidden or read-only by itself");
        }

        SetElement(index, PropertyRules.Value(old, descriptor));
    }

    public override List<string> OwnKeys()
    {
        Realm.Work(_count);
        var keys = new List<string>(_count + 1);
        for (var i = 0; i < _count; i++)
        {
            if (!ReferenceEquals(_items[i].Reference, Hole))
            {
                keys.Add(ArrayIndex.Text((uint)i));
            }
        }

        keys.Add("length");
        keys.AddRange(base.OwnKeys());
        return keys;
    }

    public override void Restrict(Attributes remove)
    {
        base.Restrict(remove);
        _attributes &= ~remove;
        _lengthWritable &= (remove & Attributes.Writable) == 0;
    }

    /// <summary>Sets the length as an assignment does; a smaller one drops elements.</summary>
    public void SetLength(JsValue value, bool strict)
    {
        var number = Operators.ToNumber(value);
        var length = Numbers.ToUInt32(number);
        if (length != number)
        {
            throw Realm.RangeError("Invalid array length");
        }

        if (!_lengthWritable || (length < _count && (_attributes & Attributes.Configurable) == 0))
        {
            if (strict)
            {
                throw Realm.TypeError("Cannot assign to read only property 'length' of array");
            }

            return;
        }

        Touch();
        if (length < _count)
        {
            Array.Clear(_items, (int)length, _count - (int)length);
            _count = (int)length;
        }

        _length = length;
    }

    internal override object Save() => new Saved(base.Save(), [.. Dense], _length, _attributes, _lengthWritable);

    internal override void Restore(object saved)
    {
        var state = (Saved)saved;
        base.Restore(state.Object);
        _items = state.Items;
        _count = state.Items.Length;
        _length = state.Length;
        _attributes = state.Attributes;
        _lengthWritable = state.LengthWritable;
    }

    private void DefineLength(Descriptor descriptor)
    {
        if (descriptor.IsAccessor || descriptor.Configurable == true || descriptor.Enumerable == true || (!_lengthWritable && descriptor.Writable == true))
        {
            throw Realm.TypeError("Cannot redefine property: length");
        }

        if (descriptor.Value is { } value)
        {
            SetLength(value, strict: true);
        }

        if (descriptor.Writable == false)
        {
            Touch();
            _lengthWritable = false;
        }
    }

    private void PutSlow(uint index, JsValue value, bool strict)
    {
        var exists = index < _count && !ReferenceEquals(_items[index].Reference, Hole);
        if (exists ? (_attributes & Attributes.Writable) == 0 : index >= _length && !_lengthWritable)
        {
            if (strict)
            {
                throw Realm.TypeError($"Cannot assign to read only property '{index}' of array");
            }

            return;
        }

        if (!exists && Extensible && !InheritsIndexes)
        {
            SetElement(index, value);
        }
        else if (exists || AllowsNew(ArrayIndex.Text(index), value, strict))
        {
            SetElement(index, value);
        }
    }

    private void SetElement(uint index, JsValue value)
    {
        Touch();
        if (index >= _count)
        {
            Grow(index);
        }

        _items[index] = value;
        _length = Math.Max(_length, index + 1);
    }

    private void Grow(uint index)
    {
        if (index - (uint)_count > Realm.Limits.MaxArrayGap)
        {
            throw Realm.Limit($"an array element ({index}) lies too far beyond the others: at most {Realm.Limits.MaxArrayGap} may be left out");
        }

        if (index >= _items.Length)
        {
            var capacity = Math.Max(Math.Max(4, (int)index + 1), Math.Min(_items.Length * 2, _items.Length + (1 << 20)));
            Realm.Allocate(capacity * 16L);
            Array.Resize(ref _items, capacity);
        }

        for (var i = _count; i < index; i++)
        {
            _items[i] = JsValue.Marker(Hole);
        }

        _count = (int)index + 1;
    }

    private sealed record Saved(object Object, JsValue[] Items, uint Length, Attributes Attributes, bool LengthWritable);
}
