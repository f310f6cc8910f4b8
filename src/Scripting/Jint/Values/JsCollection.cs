using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>A Map or a Set: entries in the order they came; those removed while someone walks are skipped, those added are visited.</summary>
internal sealed class JsCollection(Realm realm, JsObject prototype, bool isMap) : JsObject(realm, prototype)
{
    private Dictionary<Key, int> _places = [];
    private List<(bool Present, JsValue Key, JsValue Value)> _entries = [];

    public override string Class => IsMap ? "Map" : "Set";

    public bool IsMap { get; } = isMap;

    public int Size => _places.Count;

    public bool TryGet(JsValue key, out JsValue value)
    {
        var found = _places.TryGetValue(new Key(key), out var place);
        value = found ? _entries[place].Value : default;
        return found;
    }

    public void Put(JsValue key, JsValue value)
    {
        Touch();
        Realm.Tick();
        if (_places.TryGetValue(new Key(key), out var place))
        {
            _entries[place] = (true, _entries[place].Key, value);
            return;
        }

        _places.Add(new Key(key), _entries.Count);
        _entries.Add((true, key.IsNumber && key.Number == 0 ? 0 : key, value));
    }

    public bool Remove(JsValue key)
    {
        if (!_places.TryGetValue(new Key(key), out var place))
        {
            return false;
        }

        Touch();
        _places.Remove(new Key(key));
        _entries[place] = default;
        return true;
    }

    public void Clear()
    {
        Touch();
        _places.Clear();
        for (var i = 0; i < _entries.Count; i++)
        {
            _entries[i] = default;
        }
    }

    public void ForEach(Action<JsValue, JsValue> visit)
    {
        for (var i = 0; i < _entries.Count; i++)
        {
            Realm.Tick();
            var (present, key, value) = _entries[i];
            if (present)
            {
                visit(key, value);
            }
        }
    }

    internal override object Save() => new Saved(base.Save(), new Dictionary<Key, int>(_places), [.. _entries]);

    internal override void Restore(object saved)
    {
        var state = (Saved)saved;
        base.Restore(state.Object);
        _places = state.Places;
        _entries = state.Entries;
    }

    private sealed record Saved(object Object, Dictionary<Key, int> Places, List<(bool Present, JsValue Key, JsValue Value)> Entries);

    /// <summary>A key compared as Map and Set do: NaN is itself, the zeros are one.</summary>
    private readonly struct Key(JsValue value) : IEquatable<Key>
    {
        private readonly JsValue _value = value;

        public bool Equals(Key other) => Operators.SameValueZero(_value, other._value);

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        private static int Hash(string text)
        {
            Realm.ChargeText(text);
            return text.GetHashCode(StringComparison.Ordinal);
        }

        public override int GetHashCode() => _value.Kind switch
        {
            JsKind.Number => (_value.Number + 0.0).GetHashCode(),
            JsKind.String => Hash(_value.Text!),
            _ => _value.Reference is { } reference ? System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(reference) : 0,
        };
    }
}
