using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>The variables of one call, found by place. A scope made by the page's scripts is shared: changes in a run are undone.</summary>
internal sealed class Scope
{
    private readonly Realm? _sharedBy;
    private bool _touched;

    public Scope(Realm realm, JsValue[] slots, Scope? parent)
    {
        Slots = slots;
        Parent = parent;
        _sharedBy = realm.MakesShared ? realm : null;
    }

    public JsValue[] Slots { get; private set; }

    public Scope? Parent { get; }

    public void Set(int slot, JsValue value)
    {
        if (_sharedBy is not null && !_touched)
        {
            _touched = _sharedBy.Journal.Save(this);
        }

        Slots[slot] = value;
    }

    internal void Restore(JsValue[] slots)
    {
        Slots = slots;
        _touched = false;
    }
}

/// <summary>One call under way.</summary>
internal sealed class Frame(Realm realm, Scope scope, JsValue self)
{
    public readonly Realm Realm = realm;

    public Scope Scope = scope;

    public readonly JsValue This = self;

    /// <summary>What <c>return</c> gave.</summary>
    public JsValue Result;

    /// <summary>The label that a <c>break</c> or <c>continue</c> under way names; null if it names none.</summary>
    public string? Label;
}
