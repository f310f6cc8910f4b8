using System.Net.Sockets;
using System.Text;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>Requests byte by byte, for what no client library sends.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<(int Code, string Text)> SendAsync(Uri url, string request)
    {
        var closing = request.Replace("\r\nHost:", "\r\nConnection: close\r\nHost:", StringComparison.Ordinal);
        var text = await ExchangeAsync(url, Encoding.Latin1.GetBytes(closing));
        return (int.Parse(text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), text);
    }

    /// <summary>Sends all, then reads until the server closes; what it said so far if it cuts the connection.</summary>
    public static async Task<string> ExchangeAsync(Uri url, ReadOnlyMemory<byte> request)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(url.Host, url.Port, patience.Token);
        var answer = new MemoryStream();
        try
        {
            await socket.SendAsync(request, patience.Token);
            var buffer = new byte[16 * 1024];
            while (await socket.ReceiveAsync(buffer, patience.Token) is var count && count > 0)
            {
                answer.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // Cut off, as is the server's right; the test looks at what it said before.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }
}
