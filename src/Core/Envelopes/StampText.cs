using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Envelopes;

/// <summary>A stamp as text, <c>s1.3:42</c>, in segments and JSON objects.</summary>
internal static class StampText
{
    public static bool TryParse(ReadOnlySpan<byte> text, out Stamp stamp)
    {
        stamp = Stamp.None;
        var colon = text.LastIndexOf((byte)':');
        if (colon < 0 || !Utf8Parser.TryParse(text[(colon + 1)..], out long batch, out var used) || used != text.Length - colon - 1 || batch < 0)
        {
            return false;
        }

        stamp = new Stamp(LogNames.Intern(text[..colon]), batch);
        return true;
    }
}

/// <summary>Stamps in JSON objects.</summary>
internal sealed class StampJsonConverter : JsonConverter<Stamp>
{
    public override Stamp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && !reader.HasValueSequence && StampText.TryParse(reader.ValueSpan, out var stamp)
            ? stamp
            : throw new JsonException("A stamp is written log:batch.");

    public override void Write(Utf8JsonWriter writer, Stamp value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
