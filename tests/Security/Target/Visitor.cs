using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Mjolnir.Security.Tests.Target;

/// <summary>What came back.</summary>
/// <param name="Code">the HTTP status</param>
/// <param name="Text">the body</param>
/// <param name="Headers">all headers, those of the body included</param>
public sealed record Answer(int Code, string Text, ILookup<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>What the handler returned, as JSON text; null if nothing.</summary>
    public string? Result => Json.TryGetProperty("result", out var result) ? result.GetRawText() : null;
}

/// <summary>A browser, or what pretends to be one: one cookie, any headers.</summary>
public sealed class Visitor(Uri url) : IDisposable
{
    public const string Password = "long enough";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = url, Timeout = Patience };

    public Uri Url => url;

    /// <summary>The session's cookie as it is sent, <c>mjolnir-session=…</c>; null: none.</summary>
    public string? Cookie { get; set; }

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Answer> PostAsync(string path, object body, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, Content(JsonSerializer.Serialize(body)), headers);

    public Task<Answer> CallAsync(string handler, params object?[] args) => PostAsync("/_mjolnir/tx/" + handler, new { args });

    public Task<Answer> CallWithIdAsync(string id, string handler, params object?[] args) => PostAsync("/_mjolnir/tx/" + handler, new { id, args });

    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (Cookie is not null)
        {
            request.Headers.Add("Cookie", Cookie);
        }

        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var response = await _http.SendAsync(request);
        if (response.Headers.TryGetValues("Set-Cookie", out var cookies))
        {
            Cookie = cookies.Single().Split(';')[0];
        }

        var all = response.Headers.Concat(response.Content.Headers).SelectMany(static header => header.Value.Select(value => (header.Key, value)));
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), all.ToLookup(static pair => pair.Key, static pair => pair.value, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Opens a WebSocket and reads its greeting.</summary>
    public async Task<(ClientWebSocket Socket, JsonElement Hello)> LiveAsync(params (string Name, string Value)[] headers)
    {
        var socket = new ClientWebSocket();
        if (Cookie is not null)
        {
            socket.Options.SetRequestHeader("Cookie", Cookie);
        }

        foreach (var (name, value) in headers)
        {
            socket.Options.SetRequestHeader(name, value);
        }

        await socket.ConnectAsync(new Uri($"ws://{url.Authority}/_mjolnir/live"), CancellationToken.None);
        return (socket, await NextAsync(socket));
    }

    public static Task SayAsync(WebSocket socket, string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    /// <summary>The next frame; undefined if the server said goodbye instead.</summary>
    public static async Task<JsonElement> NextAsync(WebSocket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        var text = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return default;
            }

            text.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                return JsonDocument.Parse(text.ToArray()).RootElement;
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private static StringContent Content(string json) => new(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
}
