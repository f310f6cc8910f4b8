using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Wire;

/// <summary>
/// Small objects that people read too: one JSON object on one line, <c>{"format":1,…,"check":"16 hex digits"}</c>, where <c>check</c> is xxHash64 over
/// every byte before its comma. The format comes first, so that a newer one is refused by its number and not as damage.
/// </summary>
internal static class CheckedJson
{
    private const string CheckStart = ",\"check\":\"";
    private const string CheckEnd = "\"}\n";
    private const int HashDigits = 16;

    private static readonly int CheckLength = CheckStart.Length + HashDigits + CheckEnd.Length;

    public static byte[] Encode<T>(int format, T value, JsonTypeInfo<T> type)
    {
        var body = JsonSerializer.Serialize(value, type);
        var text = string.Create(CultureInfo.InvariantCulture, $"{Beginning(format)}{body.AsSpan(1, body.Length - 2)}");
        var hash = XxHash64.Hash(Encoding.UTF8.GetBytes(text));
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{text}{CheckStart}{hash:X16}{CheckEnd}"));
    }

    public static T Decode<T>(string objectName, int format, ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type)
        where T : class
    {
        RequireFormat(objectName, format, bytes);
        RequireCheck(objectName, bytes);
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("It is null.");
        }
        catch (JsonException fault)
        {
            throw new CorruptDataException("The object lacks what its format asks for", objectName, -1, fault);
        }
    }

    private static string Beginning(int format) => string.Create(CultureInfo.InvariantCulture, $"{{\"format\":{format},");

    public static void RequireFormat(string objectName, int format, ReadOnlySpan<byte> bytes)
    {
        var start = "{\"format\":"u8;
        if (!bytes.StartsWith(start) || !Utf8Parser.TryParse(bytes[start.Length..], out int found, out _))
        {
            throw new CorruptDataException("The object does not begin with its format", objectName, 0);
        }

        if (found != format)
        {
            throw new CorruptDataException($"The object has format {found}; this program knows format {format}", objectName, 0);
        }
    }

    private static void RequireCheck(string objectName, ReadOnlySpan<byte> bytes)
    {
        var at = bytes.Length - CheckLength;
        var hash = at <= 0 ? 0 : XxHash64.Hash(bytes[..at]);
        var expected = string.Create(CultureInfo.InvariantCulture, $"{CheckStart}{hash:X16}{CheckEnd}");
        if (at <= 0 || !Ascii.Equals(bytes[at..], expected))
        {
            throw new CorruptDataException("The object is damaged: its checksum is wrong", objectName, Math.Max(0, at));
        }
    }
}
