namespace Mjolnir.Scripting.Jint.Values;

/// <summary>Attributes of a property.</summary>
[Flags]
internal enum Attributes : byte
{
    None = 0,
    Writable = 1,
    Enumerable = 2,
    Configurable = 4,

    /// <summary>The slot holds an <see cref="Values.Accessor"/>.</summary>
    Accessor = 8,

    /// <summary>What an assignment makes.</summary>
    Plain = Writable | Enumerable | Configurable,

    /// <summary>What the language's own functions have.</summary>
    Hidden = Writable | Configurable,
}

/// <summary>Getter and setter of an accessor property.</summary>
internal sealed class Accessor(JsFunction? getter, JsFunction? setter)
{
    public JsFunction? Getter { get; } = getter;

    public JsFunction? Setter { get; } = setter;
}

/// <summary>One property as an object stores it.</summary>
internal struct Slot
{
    public string Key;
    public JsValue Value;
    public Attributes Attributes;

    public Slot(string key, JsValue value, Attributes attributes)
    {
        Key = key;
        Value = value;
        Attributes = attributes;
    }

    public readonly bool Writable => (Attributes & Attributes.Writable) != 0;

    public readonly bool Enumerable => (Attributes & Attributes.Enumerable) != 0;

    public readonly bool Configurable => (Attributes & Attributes.Configurable) != 0;

    public readonly Accessor? Accessor => (Attributes & Attributes.Accessor) != 0 ? (Accessor)Value.Reference! : null;
}

/// <summary>A property descriptor as a script gives it: what is null was not given.</summary>
internal sealed class Descriptor
{
    public JsValue? Value { get; init; }

    public bool? Writable { get; init; }

    public bool? Enumerable { get; init; }

    public bool? Configurable { get; init; }

    /// <summary>Given, perhaps as undefined.</summary>
    public bool HasGetter { get; init; }

    public JsFunction? Getter { get; init; }

    public bool HasSetter { get; init; }

    public JsFunction? Setter { get; init; }

    public bool IsAccessor => HasGetter || HasSetter;

    public bool IsData => Value is not null || Writable is not null;
}
