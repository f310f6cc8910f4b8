using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Realms;

/// <summary>A page's variable whose value the browser keeps: the slot holds this until the run assigns the variable.</summary>
internal sealed class PageGlobal(string name, JsValue asWritten)
{
    public string Name { get; } = name;

    /// <summary>What the page's scripts made of it.</summary>
    public JsValue AsWritten { get; } = asWritten;
}

/// <summary>Gives globals the values that the browser shipped.</summary>
internal interface IGlobalState
{
    /// <summary>The value of a page's variable in this run.</summary>
    JsValue Read(PageGlobal global);

    /// <summary>A global that the page's scripts did not define: shipped all the same, or an element's id.</summary>
    bool TryReadUnknown(string name, out JsValue value);
}

/// <summary>The global object, <c>window</c>.</summary>
internal sealed class GlobalObject(Realm realm, JsObject prototype) : JsObject(realm, prototype)
{
    /// <summary>The run's view of the browser's globals; null while the page's scripts run and in templates.</summary>
    public IGlobalState? State { get; set; }

    public override string Class => "Window";

    /// <summary>Reads a variable; false if there is none.</summary>
    public bool TryRead(string name, out JsValue value)
    {
        if (TryGetOwn(name, out var slot))
        {
            value = slot.Accessor is { } accessor ? accessor.Getter?.Call(this, []) ?? default : slot.Value;
            return true;
        }

        if (State is not null && State.TryReadUnknown(name, out value))
        {
            return true;
        }

        value = Prototype?.Get(name, this) ?? default;
        return !value.IsUndefined;
    }

    public override bool TryGetOwn(string key, out Slot slot)
    {
        var found = base.TryGetOwn(key, out slot);
        if (found && slot.Value.Reference is PageGlobal global)
        {
            slot.Value = State?.Read(global) ?? global.AsWritten;
        }

        return found;
    }

    /// <summary>Marks a page's variable as kept by the browser.</summary>
    public PageGlobal MarkKept(string name)
    {
        TryGetOwn(name, out var slot);
        var global = new PageGlobal(name, slot.Value);
        Set(name, JsValue.Marker(global), slot.Attributes);
        return global;
    }

    /// <summary>Has the run assigned it?</summary>
    public bool IsAssigned(PageGlobal global) => !base.TryGetOwn(global.Name, out var slot) || !ReferenceEquals(slot.Value.Reference, global);
}
