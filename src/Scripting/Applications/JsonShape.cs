namespace Mjolnir.Scripting.Applications;

/// <summary>Checks that recur wherever <c>mjolnir.json</c> expects an object, a list or certain names.</summary>
internal static class JsonShape
{
    /// <summary>Reports properties that do not exist, and those that this version does not support.</summary>
    public static void CheckNames(JsonItem item, string[] known, string[] notYet, string where, DiagnosticList diagnostics)
    {
        foreach (var member in item.Members)
        {
            if (notYet.Contains(member.Name))
            {
                diagnostics.Add(member.Position, $"'{member.Name}' is not supported yet in this version", "Remove it: it would have no effect.");
            }
            else if (!known.Contains(member.Name))
            {
                diagnostics.Add(member.Position, $"'{member.Name}' is not known in {where}", NearestName.Hint(member.Name, known.Concat(notYet), ""));
            }
        }
    }

    /// <summary>The object under a name; false if it is absent or, with a diagnostic, something else.</summary>
    public static bool TryObject(JsonItem item, string name, DiagnosticList diagnostics, out JsonItem found)
    {
        found = item;
        if (item.Member(name) is not { Value: var value })
        {
            return false;
        }

        found = value;
        if (!value.IsObject)
        {
            diagnostics.Add(value.Position, $"'{name}' must be an object, not {value.KindInWords}", $"Write \"{name}\": {{ … }}.");
        }

        return value.IsObject;
    }

    /// <summary>The strings of a list; anything else in it is reported.</summary>
    public static IEnumerable<JsonItem> Strings(JsonItem list, string what, string hint, DiagnosticList diagnostics)
    {
        if (!list.IsArray)
        {
            diagnostics.Add(list.Position, $"{what} must be a list, not {list.KindInWords}", hint);
            yield break;
        }

        foreach (var item in list.Items)
        {
            if (item.IsString && item.Text.Length > 0)
            {
                yield return item;
            }
            else
            {
                diagnostics.Add(item.Position, $"{what} may hold only names, not {(item.IsString ? "an empty string" : item.KindInWords)}", hint);
            }
        }
    }
}
