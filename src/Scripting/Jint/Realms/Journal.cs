using Mjolnir.Scripting.Jint.Compilation;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Realms;

/// <summary>
/// What a run changed of the page's own world: each object and scope as it was before its first change. The end of the run puts all of them
/// back, so the next run finds the world as the page's scripts left it, whatever the run before did to globals, prototypes or closures.
/// </summary>
internal sealed class Journal
{
    private readonly List<(JsObject Object, object Saved)> _objects = [];
    private readonly List<(Scope Scope, JsValue[] Saved)> _scopes = [];

    /// <summary>True while a run is under way: only then changes are to be undone.</summary>
    public bool Open { get; set; }

    /// <summary>Nothing of the page's world was changed.</summary>
    public bool IsEmpty => _objects.Count == 0 && _scopes.Count == 0;

    /// <summary>Remembers an object as it is; true if it was remembered.</summary>
    public bool Save(JsObject o)
    {
        if (Open)
        {
            _objects.Add((o, o.Save()));
        }

        return Open;
    }

    /// <summary>Remembers a scope as it is; true if it was remembered.</summary>
    public bool Save(Scope scope)
    {
        if (Open)
        {
            _scopes.Add((scope, (JsValue[])scope.Slots.Clone()));
        }

        return Open;
    }

    /// <summary>Puts everything back.</summary>
    public void Undo()
    {
        foreach (var (o, saved) in _objects)
        {
            o.Restore(saved);
        }

        foreach (var (scope, saved) in _scopes)
        {
            scope.Restore(saved);
        }

        _objects.Clear();
        _scopes.Clear();
        Open = false;
    }
}
