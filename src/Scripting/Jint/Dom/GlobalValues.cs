using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>Which globals of a page the browser keeps, and how a shipped value takes the place of the one the page's scripts made.</summary>
internal static class GlobalValues
{
    /// <summary>Objects looked at to tell data from code: what is larger is a library's, not the page's data.</summary>
    private const int MaxObjects = 100_000;

    /// <summary>Data, and nothing but data: what JSON carries without loss.</summary>
    public static bool IsData(Realm realm, JsValue value) => IsData(realm, value, [], 0);

    /// <summary>
    /// The shipped value, put into the object that the page's scripts made where both are of one kind: closures of the page may hold that very object.
    /// The journal puts its own content back after the run.
    /// </summary>
    public static JsValue Merge(JsValue asWritten, JsValue shipped)
    {
        if (shipped.IsNull && asWritten.IsUndefined)
        {
            return asWritten;
        }

        if (asWritten.Object is JsArray array && shipped.Object is JsArray items)
        {
            array.ReplaceAll([.. items.Dense], (int)items.Length);
            return asWritten;
        }

        if (asWritten.Object is { } o && shipped.Object is { } given && o is not JsArray && given is not JsArray)
        {
            o.OwnKeys().ForEach(key => o.Delete(key, strict: false));
            given.OwnKeys().ForEach(key => o.Set(key, given.Get(key)));
            return asWritten;
        }

        return shipped;
    }

    /// <summary>A value as JSON; null if it has none.</summary>
    public static string? Json(Realm realm, JsValue value)
    {
        var writer = new JsonWriter(realm) { ForBytes = true };
        return JsonStringifier.Write(realm, writer, value) ? writer.ToString() : null;
    }

    private static bool IsData(Realm realm, JsValue value, HashSet<JsObject> seen, int depth)
    {
        if (value.Object is not { } o)
        {
            return true;
        }

        if (depth > realm.Limits.MaxJsonDepth || seen.Count > MaxObjects || !seen.Add(o) || !IsPlain(realm, o))
        {
            return false;
        }

        foreach (var key in o.OwnKeys())
        {
            if (!o.TryGetOwn(key, out var slot) || slot.Accessor is not null || (key != "length" && !IsData(realm, slot.Value, seen, depth + 1)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPlain(Realm realm, JsObject o) =>
        o is JsArray || (o.GetType() == typeof(JsObject) && ReferenceEquals(o.Prototype, realm.Intrinsics.ObjectPrototype));
}
