using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Mjolnir.Security.Tests.Target;

/// <summary>Requests byte by byte, for what no client library sends.</summary>
internal static class RawRequest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Time that a server is given to answer what it was sent, and whatever it makes of what follows, before it is told that no more comes.</summary>
    private static readonly TimeSpan Listening = TimeSpan.FromMilliseconds(300);

    /// <summary>Sends all and reads until the server closes, or has said nothing more for a while; what it said so far if it cuts the connection.</summary>
    public static async Task<string> ExchangeAsync(Uri url, string request)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(url.Host, url.Port, patience.Token);
        try
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(request), patience.Token);
        }
        catch (SocketException)
        {
            // Refused before all was sent; what it said is still there to be read.
        }

        return await RestAsync(socket, patience.Token);
    }

    /// <summary>The status of the first answer; 0 if it was cut off without one.</summary>
    public static int Code(string answer) => answer.Length < 12 ? 0 : int.Parse(answer.AsSpan(9, 3), CultureInfo.InvariantCulture);

    /// <summary>How many answers came.</summary>
    public static int Answers(string answers) => answers.Split("HTTP/1.1 ").Length - 1;

    private static async Task<string> RestAsync(Socket socket, CancellationToken patience)
    {
        var answer = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var receiving = socket.ReceiveAsync(buffer.AsMemory(), patience).AsTask();
                if (answer.Length > 0 && await Task.WhenAny(receiving, Task.Delay(Listening, patience)) != receiving)
                {
                    socket.Shutdown(SocketShutdown.Send);
                }

                if (await receiving is var count && count == 0)
                {
                    break;
                }

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
