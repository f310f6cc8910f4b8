using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Mjolnir.AppServer.Tests.Live;

/// <summary>The browser's end of a WebSocket: takes frames apart into messages.</summary>
internal sealed class LiveClient(ClientWebSocket socket) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Queue<JsonElement> _messages = new();

    public WebSocket Socket => socket;

    public int Frames { get; private set; }

    public static async Task<LiveClient> GreetedAsync(ClientWebSocket socket)
    {
        var client = new LiveClient(socket);
        Assert.Equal("hello", (await client.NextAsync()).GetProperty("type").GetString());
        return client;
    }

    public Task SendAsync(string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    public async Task<JsonElement> NextAsync()
    {
        while (_messages.Count == 0)
        {
            var text = await FrameAsync() ?? throw new InvalidOperationException($"Closed: {socket.CloseStatus} {socket.CloseStatusDescription}");
            var json = JsonDocument.Parse(text).RootElement;
            foreach (var message in json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().ToArray() : [json])
            {
                _messages.Enqueue(message);
            }
        }

        return _messages.Dequeue();
    }

    /// <summary>Reads on until the server says goodbye.</summary>
    public async Task<WebSocketCloseStatus?> ClosedAsync()
    {
        while (await FrameAsync() is not null)
        {
        }

        return socket.CloseStatus;
    }

    public void Dispose() => socket.Dispose();

    private async Task<string?> FrameAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var text = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            text.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                Frames++;
                return Encoding.UTF8.GetString(text.ToArray());
            }
        }
    }
}
