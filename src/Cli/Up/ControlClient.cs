using System.Net.Sockets;
using System.Text.Json;

namespace Mjolnir.Cli.Up;

/// <summary>Asks the <c>up</c> that runs on a data folder.</summary>
internal static class ControlClient
{
    /// <param name="folder">the data folder of <c>up</c></param>
    /// <param name="command">what it shall do</param>
    /// <param name="progress">called with each step</param>
    /// <param name="cancellationToken">ends the waiting, not what was begun</param>
    /// <exception cref="FailureException">nobody answers, or it refused</exception>
    public static async Task AskAsync(UpFolder folder, ControlCommand command, Action<string> progress, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await ConnectAsync(socket, folder, cancellationToken);
        await using var stream = new NetworkStream(socket);
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(command, ControlJson.Default.ControlCommand), (byte)'\n'];
        await stream.WriteAsync(line, cancellationToken);
        using var lines = new StreamReader(stream);
        while (await lines.ReadLineAsync(cancellationToken) is { } text)
        {
            var answer = JsonSerializer.Deserialize(text, ControlJson.Default.ControlLine)!;
            if (answer.Error is { } error)
            {
                throw new FailureException(error, answer.Hint);
            }

            if (answer.Done)
            {
                return;
            }

            progress(answer.Progress ?? "");
        }

        throw new FailureException("'mjolnir up' ended before it was done", "Start it again, and ask once more: what it had done is kept.");
    }

    private static async Task ConnectAsync(Socket socket, UpFolder folder, CancellationToken cancellationToken)
    {
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(folder.ControlSocket), cancellationToken);
        }
        catch (Exception fault) when (fault is SocketException or ArgumentOutOfRangeException)
        {
            throw new FailureException(
                $"no 'mjolnir up' runs on {folder.Root}{(fault is SocketException { SocketErrorCode: SocketError.AccessDenied } ? " that this user may command" : "")}",
                "Name its data folder: --data DIR. Clusters that 'up' did not start are scaled by starting and stopping V-stacks: docs/operating.md", fault);
        }
    }
}
