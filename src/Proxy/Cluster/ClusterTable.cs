using System.Text.Json;
using Mjolnir.Core.Keys;
using Mjolnir.Proxy.Servers;

namespace Mjolnir.Proxy.Cluster;

/// <summary>What app servers tell of their cluster, as text.</summary>
/// <param name="Version">opaque; given back with the next question</param>
/// <param name="Application">the application's name</param>
/// <param name="View">the view's number</param>
/// <param name="Slots">first and last slot, and the server beside them</param>
/// <param name="Servers">name, address, and whether it is ready</param>
internal sealed record ClusterNews(string Version, string Application, long View, IReadOnlyList<(int First, int Last, string Server)> Slots, IReadOnlyList<(string Name, Uri Http, bool IsReady)> Servers)
{
    /// <summary>Reads the answer of <c>/_mjolnir/cluster</c>. Throws <see cref="FormatException"/> with plain words if it is none.</summary>
    public static ClusterNews Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new ClusterNews(
                root.GetProperty("version").GetString()!,
                root.GetProperty("application").GetString()!,
                root.GetProperty("view").GetInt64(),
                [.. root.GetProperty("slots").EnumerateArray().Select(static range => (Slot(range[0]), Slot(range[1]), range[2].GetString()!))],
                [.. root.GetProperty("servers").EnumerateArray().Select(Server)]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new FormatException("the answer has another form than this version knows: " + e.Message, e);
        }
    }

    private static int Slot(JsonElement number) =>
        number.GetInt32() is >= 0 and < Core.Keys.Slots.Count and var slot ? slot : throw new FormatException($"there is no slot {number}");

    private static (string Name, Uri Http, bool IsReady) Server(JsonElement server)
    {
        var http = server.GetProperty("http").GetString();
        return Uri.TryCreate(http, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp
            ? (server.GetProperty("name").GetString()!, url, server.GetProperty("ready").GetBoolean())
            : throw new FormatException($"'{http}' is no http address of a server");
    }
}

/// <summary>The cluster as it was last told; immutable, swapped whole.</summary>
/// <param name="Version">of the news</param>
/// <param name="Application">the application's name; empty: nothing was told yet</param>
/// <param name="View">the view's number</param>
/// <param name="Servers">all servers</param>
/// <param name="Owners">by slot: the server beside it, null if it has none that is known</param>
internal sealed record ClusterTable(string Version, string Application, long View, AppServer[] Servers, AppServer?[] Owners)
{
    public static readonly ClusterTable Nothing = new("", "", 0, [], new AppServer?[Slots.Count]);
}
