using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>JSON (15.12).</summary>
internal static class JsonLibrary
{
    public static void Install(Realm realm)
    {
        var json = new JsonObject(realm);
        realm.Global.Set("JSON", json, Attributes.Hidden);
        json.Method("parse", 2, Parse);
        json.Method("stringify", 3, (r, _, args) => JsonStringifier.Stringify(r, args.At(0), args.At(1), args.At(2)) is { } text ? text : default(JsValue));
    }

    private static JsValue Parse(Realm realm, JsValue self, JsValue[] args)
    {
        JsValue value;
        try
        {
            value = JsonReader.Read(realm, Operators.ToText(args.At(0)));
        }
        catch (JsonMistake e)
        {
            throw realm.SyntaxError(e.Message);
        }

        if (args.At(1).Function is not { } reviver)
        {
            return value;
        }

        var holder = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        holder.Set("", value);
        return Revive(realm, holder, "", reviver);
    }

    private static JsValue Revive(Realm realm, JsObject holder, string key, JsFunction reviver)
    {
        realm.EnterCall();
        var value = holder.Get(key);
        if (value.Object is { } o)
        {
            var keys = o is JsArray array ? Enumerable.Range(0, (int)array.Length).Select(i => ArrayIndex.Text((uint)i)) : o.EnumerableKeys();
            foreach (var inner in keys)
            {
                realm.Tick();
                var revived = Revive(realm, o, inner, reviver);
                if (revived.IsUndefined)
                {
                    o.Delete(inner, strict: false);
                }
                else
                {
                    o.Put(inner, revived, strict: false);
                }
            }
        }

        var result = reviver.Call(holder, [key, value]);
        realm.LeaveCall();
        return result;
    }

    private sealed class JsonObject(Realm realm) : JsObject(realm, realm.Intrinsics.ObjectPrototype)
    {
        public override string Class => "JSON";
    }
}
