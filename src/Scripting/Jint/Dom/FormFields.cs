using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>The fields of forms.</summary>
internal static class FormFields
{
    /// <summary><c>form.elements</c>: by position and by name.</summary>
    public static JsValue Collection(PageWorld world, string form)
    {
        if (world.Page.FieldsOf(form) is not { } fields)
        {
            return world.Unsupported("form.elements on a page with several forms; use document.getElementById");
        }

        var list = new JsArray(world.Realm, [.. fields.Select(f => JsValue.Of(world.Element(f.Reference)))]);
        foreach (var field in fields)
        {
            foreach (var name in new[] { AsWritten.Attribute(field, "id"), AsWritten.Attribute(field, "name") })
            {
                if (!string.IsNullOrEmpty(name) && !ArrayIndex.TryParse(name, out _) && !list.TryGetOwn(name, out _))
                {
                    list.Set(name, world.Element(field.Reference), Attributes.Hidden);
                }
            }
        }

        return list;
    }

    /// <summary>A field of a form by its name or id; undefined if there is none.</summary>
    public static JsValue Named(PageWorld world, string form, string name)
    {
        var field = world.Page.FieldsOf(form)?.FirstOrDefault(f => AsWritten.Attribute(f, "name") == name || AsWritten.Attribute(f, "id") == name);
        return field is null ? default(JsValue) : world.Element(field.Reference);
    }

    public static string ValueAt(List<(string Value, string Text)> options, double index) =>
        index >= 0 && index < options.Count ? options[(int)index].Value : "";

    public static double IndexOf(List<(string Value, string Text)> options, string value) => options.FindIndex(o => o.Value == value);
}
