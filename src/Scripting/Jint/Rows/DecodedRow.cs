using Mjolnir.Core.Documents;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>A nested value of a row, as JSON: made into objects of a run when the run first looks at it.</summary>
internal sealed record NestedJson(string Text);

/// <summary>
/// A row's columns as read from its document, kept beside the document so that a hot row is read once. Immutable, and free of any realm's
/// objects: all lanes may share it.
/// </summary>
internal sealed class DecodedRow(Slot[] columns)
{
    /// <summary>In stored order; nested values are <see cref="NestedJson"/>.</summary>
    public ReadOnlySpan<Slot> Columns => columns;

    public static DecodedRow Of(Realm realm, Document document)
    {
        if (document.Decoded is DecodedRow known)
        {
            return known;
        }

        var decoded = Decode(realm, document);
        document.Decoded = decoded;
        return decoded;
    }

    private static DecodedRow Decode(Realm realm, Document document)
    {
        var value = JsonReader.ReadUtf8(realm, document.Utf8.Span);
        if (value.Object is not { } row || row is JsArray)
        {
            throw realm.Abort("the row is not a JSON object: the store holds something that this application did not write");
        }

        var columns = new List<Slot>();
        foreach (var key in row.OwnKeys())
        {
            var column = row.Get(key);
            columns.Add(new Slot(string.Intern(key), column.IsObject ? JsValue.Marker(Nested(realm, column)) : column, Attributes.Plain));
        }

        return new DecodedRow([.. columns]);
    }

    private static NestedJson Nested(Realm realm, JsValue value)
    {
        var writer = new JsonWriter(realm) { ForBytes = true };
        JsonStringifier.Write(realm, writer, value);
        return new NestedJson(writer.ToString());
    }
}
