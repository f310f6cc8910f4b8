using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>The filters of templates.</summary>
internal static class Filters
{
    /// <summary>The value's text after all filters, and whether it is HTML already.</summary>
    public static (string Text, bool Raw) Apply(Realm realm, JsValue value, IReadOnlyList<string> filters)
    {
        var raw = false;
        foreach (var filter in filters)
        {
            raw |= filter == "raw";
            value = One(realm, value, filter);
        }

        return (TextOf(realm, value), raw);
    }

    private static JsValue One(Realm realm, JsValue value, string filter)
    {
        var colon = filter.IndexOf(':');
        switch (colon < 0 ? filter : filter[..colon].TrimEnd())
        {
            case "raw":
                return value;
            case "upper":
                return CaseMapping.Upper(TextOf(realm, value));
            case "lower":
                return CaseMapping.Lower(TextOf(realm, value));
            case "json":
                return JsonStringifier.Stringify(realm, value, default, default) ?? "null";
            case "default":
                return value.IsNullish || value.Text == "" ? Unquoted(filter[(colon + 1)..].Trim()) : value;
            case "date":
                return Date(value);
            default:
                throw realm.Abort($"there is no filter '{filter}'");
        }
    }

    private static JsValue Date(JsValue value)
    {
        var time = value.Object is JsDate date ? date.Time : value.IsNumber ? Calendar.Clip(value.Number) : double.NaN;
        return double.IsNaN(time) ? "" : DateText.Iso(time);
    }

    /// <summary>Nothing is empty text; objects are JSON.</summary>
    private static string TextOf(Realm realm, JsValue value) => value.Kind switch
    {
        JsKind.Undefined or JsKind.Null => "",
        JsKind.Object => JsonStringifier.Stringify(realm, value, default, default) ?? "",
        _ => Operators.ToText(value),
    };

    private static string Unquoted(string text) =>
        text.Length >= 2 && text[0] is '\'' or '"' && text[^1] == text[0] ? text[1..^1] : text;
}
