using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mjolnir.Scripting.Applications;

/// <summary>JSON for people: letters of all scripts stay as they are.</summary>
internal static class JsonText
{
    public static JsonSerializerOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>Copies JSON tokens as they are written, without the space between them.</summary>
internal static class CompactJson
{
    public static void Write(IBufferWriter<byte> buffer, byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    public static void WriteNumber(IBufferWriter<byte> buffer, long value)
    {
        Utf8Formatter.TryFormat(value, buffer.GetSpan(20), out var written);
        buffer.Advance(written);
    }

    /// <summary>The property name the reader stands on, and its colon.</summary>
    public static void WriteName(IBufferWriter<byte> buffer, in Utf8JsonReader reader)
    {
        WriteQuoted(buffer, reader.ValueSpan);
        Write(buffer, (byte)':');
    }

    /// <summary>The value the reader stands on; afterwards it stands on the value's last token.</summary>
    public static void WriteValue(IBufferWriter<byte> buffer, ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        var isFirst = true;
        do
        {
            var closes = reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray;
            if (!isFirst && !closes)
            {
                Write(buffer, (byte)',');
            }

            WriteToken(buffer, reader);
            isFirst = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName;
        }
        while ((reader.CurrentDepth > depth || isFirst) && reader.Read());
    }

    private static void WriteToken(IBufferWriter<byte> buffer, in Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                WriteName(buffer, reader);
                break;
            case JsonTokenType.String:
                WriteQuoted(buffer, reader.ValueSpan);
                break;
            default:
                buffer.Write(reader.ValueSpan);
                break;
        }
    }

    private static void WriteQuoted(IBufferWriter<byte> buffer, ReadOnlySpan<byte> escaped)
    {
        Write(buffer, (byte)'"');
        buffer.Write(escaped);
        Write(buffer, (byte)'"');
    }
}
