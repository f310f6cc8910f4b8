using System.Text.Json;

namespace Mjolnir.Proxy.Calls;

/// <summary>The parts of a call's body that routing looks at, as slices. A body that is not well formed has none: the app server says what is wrong with it.</summary>
/// <param name="IdJson">the id as it came, quotes included; empty if there is none</param>
/// <param name="Args">JSON array, or empty</param>
/// <param name="Inputs">JSON object, or empty</param>
internal readonly record struct CallBody(ReadOnlyMemory<byte> IdJson, ReadOnlyMemory<byte> Args, ReadOnlyMemory<byte> Inputs)
{
    /// <summary>With an id a call is never committed twice, so it may be sent again whatever happened.</summary>
    public bool HasId => IdJson.Length > 2;

    public static CallBody Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            return json.IsEmpty ? default : ReadObject(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static CallBody ReadObject(ReadOnlyMemory<byte> json)
    {
        var (id, args, inputs) = (default(ReadOnlyMemory<byte>), default(ReadOnlyMemory<byte>), default(ReadOnlyMemory<byte>));
        var reader = new Utf8JsonReader(json.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("args"u8))
            {
                args = Value(ref reader, json, JsonTokenType.StartArray);
            }
            else if (reader.ValueTextEquals("inputs"u8))
            {
                inputs = Value(ref reader, json, JsonTokenType.StartObject);
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                id = Value(ref reader, json, JsonTokenType.String);
            }
            else
            {
                reader.Skip();
            }
        }

        // Anything after the object makes it no JSON.
        return reader.Read() ? default : new CallBody(id, args, inputs);
    }

    private static ReadOnlyMemory<byte> Value(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, JsonTokenType wanted)
    {
        reader.Read();
        var (isWanted, start) = (reader.TokenType == wanted, (int)reader.TokenStartIndex);
        reader.Skip();
        return isWanted ? json[start..(int)reader.BytesConsumed] : default;
    }
}
