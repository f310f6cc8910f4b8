using System.Text.Json;
using Mjolnir.Core.Documents;

namespace Mjolnir.Core.Indexes;

/// <summary>Values of a row's columns, read from its document.</summary>
public static class RowValues
{
    /// <summary>The values of some columns, in their order; null for one that the row has not. Values of every kind are taken as they are.</summary>
    /// <param name="row">the row</param>
    /// <param name="names">the columns' names in UTF-8</param>
    /// <exception cref="CorruptDataException">the document is no JSON object</exception>
    public static IndexValue[] Read(Document row, IReadOnlyList<byte[]> names)
    {
        var values = new IndexValue[names.Count];
        try
        {
            Read(row.Utf8.Span, names, values);
        }
        catch (JsonException fault)
        {
            throw new CorruptDataException("A row is no JSON object", inner: fault);
        }

        return values;
    }

    private static void Read(ReadOnlySpan<byte> json, IReadOnlyList<byte[]> names, IndexValue[] values)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("It does not begin with a bracket.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var column = ColumnOf(names, ref reader);
            reader.Read();
            if (column >= 0)
            {
                values[column] = ValueOf(ref reader);
            }

            reader.Skip();
        }
    }

    private static int ColumnOf(IReadOnlyList<byte[]> names, ref Utf8JsonReader reader)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (reader.ValueTextEquals(names[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static IndexValue ValueOf(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => IndexValue.Of(reader.GetString()!),
        JsonTokenType.Number => reader.GetDouble() is var number && double.IsFinite(number) ? IndexValue.Of(number) : IndexValue.Null,
        JsonTokenType.True => IndexValue.Of(true),
        JsonTokenType.False => IndexValue.Of(false),
        _ => IndexValue.Null,
    };
}
