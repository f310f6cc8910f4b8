using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>JSON.stringify, and the encoding of everything that leaves the engine.</summary>
internal sealed class JsonStringifier
{
    /// <summary>Most spaces, or characters of a given text, that one level is indented by.</summary>
    private const int MaxIndent = 10;

    private readonly Realm _realm;
    private readonly JsonWriter _writer;
    private readonly JsFunction? _replacer;
    private readonly List<string>? _only;
    private readonly string _indent;
    private readonly List<JsObject> _open = [];

    private JsonStringifier(Realm realm, JsonWriter writer, JsFunction? replacer = null, List<string>? only = null, string indent = "")
    {
        _realm = realm;
        _writer = writer;
        _replacer = replacer;
        _only = only;
        _indent = indent;
    }

    /// <summary>The text, or null if the value has no JSON (undefined, a function).</summary>
    public static string? Stringify(Realm realm, JsValue value, JsValue replacer, JsValue space)
    {
        var only = replacer.Object is JsArray list ? Keys(realm, list) : null;
        var writer = new JsonWriter(realm);
        var stringifier = new JsonStringifier(realm, writer, replacer.Function, only, Indent(space));
        var holder = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        holder.Set("", value);
        return stringifier.Write(holder, "", value) ? writer.ToString() : null;
    }

    /// <summary>Writes a value as JSON.stringify(value) would; false if it has no JSON.</summary>
    public static bool Write(Realm realm, JsonWriter writer, JsValue value)
    {
        switch (value.Kind)
        {
            case JsKind.Number:
                writer.Number(value.Number);
                return true;
            case JsKind.String:
                writer.Quoted(value.Text!);
                return true;
            default:
                return new JsonStringifier(realm, writer).Write(null, "", value);
        }
    }

    private static string Indent(JsValue space)
    {
        space = space.Object is JsWrapper wrapper ? wrapper.Value : space;
        if (space.IsNumber)
        {
            return new string(' ', (int)Math.Clamp(Operators.ToInteger(space), 0, MaxIndent));
        }

        var text = space.Text ?? "";
        return text.Length <= MaxIndent ? text : text[..MaxIndent];
    }

    private static List<string> Keys(Realm realm, JsArray list)
    {
        var keys = new List<string>();
        for (uint i = 0; i < list.Length; i++)
        {
            realm.Tick();
            var item = list.GetIndex(i);
            if (item.IsString || item.IsNumber || item.Object is JsWrapper)
            {
                keys.Add(Operators.ToText(item));
            }
        }

        return [.. keys.Distinct()];
    }

    private bool Write(JsObject? holder, string key, JsValue value)
    {
        if (value.IsObject)
        {
            value = FromToJson(key, value);
        }

        if (_replacer is not null)
        {
            value = _replacer.Call(holder!, [key, value]);
        }

        value = Unwrap(value);
        switch (value.Kind)
        {
            case JsKind.Null:
                _writer.Raw("null");
                return true;
            case JsKind.Boolean:
                _writer.Raw(value.IsTrue ? "true" : "false");
                return true;
            case JsKind.Number:
                _writer.Number(value.Number);
                return true;
            case JsKind.String:
                _writer.Quoted(value.Text!);
                return true;
            case JsKind.Object when value.Function is null:
                WriteNested(value.Object!);
                return true;
            default:
                return false;
        }
    }

    private static JsValue Unwrap(JsValue value) => value.Object is not JsWrapper wrapper ? value
        : wrapper.Value.IsNumber ? Operators.ToNumber(value)
        : wrapper.Value.IsString ? Operators.ToText(value)
        : wrapper.Value;

    private static JsValue FromToJson(string key, JsValue value) =>
        value.Object!.Get("toJSON").Function is { } function ? function.Call(value, [key]) : value;

    private void WriteNested(JsObject o)
    {
        if (_open.Contains(o))
        {
            throw _realm.TypeError("Converting circular structure to JSON");
        }

        if (_open.Count >= _realm.Limits.MaxJsonDepth)
        {
            throw _realm.RangeError($"JSON nested deeper than {_realm.Limits.MaxJsonDepth}");
        }

        _open.Add(o);
        if (o is JsArray array)
        {
            WriteArray(array);
        }
        else
        {
            WriteObject(o);
        }

        _open.RemoveAt(_open.Count - 1);
    }

    private void WriteArray(JsArray array)
    {
        _writer.Raw('[');
        for (uint i = 0; i < array.Length; i++)
        {
            _realm.Tick();
            Separate(i == 0);
            if (!Write(array, _replacer is null ? "" : ArrayIndex.Text(i), array.GetIndex(i)))
            {
                _writer.Raw("null");
            }
        }

        Close(']', array.Length > 0);
    }

    private void WriteObject(JsObject o)
    {
        _writer.Raw('{');
        var first = true;
        foreach (var key in _only ?? o.EnumerableKeys())
        {
            _realm.Tick();
            var value = o.Get(key);
            var start = _writer.Length;
            Separate(first);
            _writer.Quoted(key);
            _writer.Raw(':');
            if (_indent.Length > 0)
            {
                _writer.Raw(' ');
            }

            if (Write(o, key, value))
            {
                first = false;
            }
            else
            {
                _writer.Truncate(start);
            }
        }

        Close('}', !first);
    }

    private void Separate(bool first)
    {
        if (!first)
        {
            _writer.Raw(',');
        }

        NewLine(_open.Count);
    }

    private void Close(char bracket, bool filled)
    {
        if (filled)
        {
            NewLine(_open.Count - 1);
        }

        _writer.Raw(bracket);
    }

    private void NewLine(int depth)
    {
        if (_indent.Length == 0)
        {
            return;
        }

        _writer.Raw('\n');
        for (var i = 0; i < depth; i++)
        {
            _writer.Raw(_indent);
        }
    }
}
