using System.Buffers;
using System.Text;
using System.Text.Json;
using Mjolnir.Scripting.Pages.Analysis;

namespace Mjolnir.Scripting.Pages;

/// <summary>What the page tells mjolnir.js about itself (docs/design/pages.md, "What the page carries").</summary>
internal static class PageManifest
{
    /// <summary>The two script elements that are put first in the head.</summary>
    public static string Html(string path, string version, IReadOnlyCollection<HandlerUse> handlers, IReadOnlyCollection<HandlerUse> listeners)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json)) // its encoder writes <, >, & and quotes as \u003c and so on: nothing can end the script element
        {
            Write(writer, path, version, handlers, listeners);
        }

        return $"<script type=\"application/json\" id=\"mjolnir-page\">{Encoding.UTF8.GetString(json.WrittenSpan)}</script>"
            + "<script src=\"/_mjolnir/mjolnir.js\"></script>";
    }

    private static void Write(Utf8JsonWriter writer, string path, string version, IReadOnlyCollection<HandlerUse> handlers, IReadOnlyCollection<HandlerUse> listeners)
    {
        writer.WriteStartObject();
        writer.WriteString("page", path);
        writer.WriteString("version", version);
        writer.WriteStartObject("handlers");
        foreach (var uses in handlers.GroupBy(use => use.Name, StringComparer.Ordinal).OrderBy(uses => uses.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject(uses.Key);
            writer.WriteStartArray("globals");
            foreach (var global in uses.SelectMany(use => use.Globals).Distinct().Order(StringComparer.Ordinal))
            {
                writer.WriteStringValue(global);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("listeners");
        foreach (var uses in listeners.GroupBy(use => SourceHash.Of(use.Scope.SourceText), StringComparer.Ordinal).OrderBy(uses => uses.Key, StringComparer.Ordinal))
        {
            writer.WriteString(uses.Key, uses.First().Name);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
