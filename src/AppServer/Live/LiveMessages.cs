using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Mjolnir.AppServer.Live;

/// <summary>The messages that the server sends by itself (docs/design/pages.md, Messages).</summary>
internal static class LiveMessages
{
    public static ReadOnlySpan<byte> Reload => "{\"type\":\"reload\"}"u8;

    public static void WriteHello(IBufferWriter<byte> to, string? user, string application, string version)
    {
        using var json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        json.WriteString("type", "hello");
        json.WriteString("user", user);
        json.WriteString("app", application);
        json.WriteString("version", version);
        json.WriteEndObject();
    }

    /// <summary>The values that differ from those sent before; all of them if none were. False, and nothing written, if none differ.</summary>
    public static bool WriteUpdate(IBufferWriter<byte> to, IReadOnlyList<string>? sent, IReadOnlyList<string> latest)
    {
        if (sent is not null && sent.SequenceEqual(latest))
        {
            return false;
        }

        using var json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        json.WriteString("type", "update");
        json.WriteStartObject("values");
        for (var i = 0; i < latest.Count; i++)
        {
            if (sent is null || !string.Equals(sent[i], latest[i], StringComparison.Ordinal))
            {
                json.WriteString(i.ToString(CultureInfo.InvariantCulture), latest[i]);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
        return true;
    }
}
