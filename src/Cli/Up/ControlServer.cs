using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Mjolnir.Cli.Up;

/// <summary>
/// The control socket of a running <c>up</c>: a Unix socket that only its owner may use. One command per connection: a line of JSON (<see cref="ControlCommand"/>), answered by lines of JSON
/// (<see cref="ControlLine"/>), the last of which is <c>done</c> or <c>error</c>.
/// </summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Socket _socket;
    private readonly string _path;
    private readonly Func<ControlCommand, Action<string>, CancellationToken, Task> _run;
    private readonly HashSet<Task> _answering = [];
    private readonly Task _accepting;

    private ControlServer(Socket socket, string path, Func<ControlCommand, Action<string>, CancellationToken, Task> run)
    {
        (_socket, _path, _run) = (socket, path, run);
        _accepting = AcceptAsync();
    }

    /// <param name="path">the socket's; a file that a killed run left is replaced</param>
    /// <param name="run">runs a command, telling its progress; a <see cref="FailureException"/> is told to who asked</param>
    public static ControlServer Listen(string path, Func<ControlCommand, Action<string>, CancellationToken, Task> run)
    {
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));

        // Before anybody can connect: there is no listener yet.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        socket.Listen();
        return new ControlServer(socket, path, run);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _socket.Dispose();
        await _accepting;
        Task[] answering;
        lock (_answering)
        {
            answering = [.. _answering];
        }

        await Task.WhenAll(answering);
        File.Delete(_path);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Begin(await _socket.AcceptAsync(_end.Token));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException or SocketException && _end.IsCancellationRequested)
        {
            // The end.
        }
    }

    private void Begin(Socket connection)
    {
        var answering = AnswerAsync(connection);
        lock (_answering)
        {
            _answering.Add(answering);
        }

        _ = answering.ContinueWith(
            ended =>
            {
                lock (_answering)
                {
                    _answering.Remove(ended);
                }
            },
            TaskScheduler.Default);
    }

    private async Task AnswerAsync(Socket connection)
    {
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            Write(await RunAsync(stream));
        }
        catch (IOException)
        {
            // Who asked has gone: what was begun is done or told in the events all the same.
        }

        ControlLine Refused(FailureException fault) => new() { Error = fault.Message, Hint = fault.Hint };

        async Task<ControlLine> RunAsync(NetworkStream from)
        {
            try
            {
                await _run(await ReadAsync(from), text => Write(new ControlLine { Progress = text }), _end.Token);
                return new ControlLine { Done = true };
            }
            catch (FailureException fault)
            {
                return Refused(fault);
            }
            catch (OperationCanceledException)
            {
                return Refused(new FailureException("'mjolnir up' is stopping"));
            }
        }

        void Write(ControlLine line)
        {
            lock (stream)
            {
                stream.Write(JsonSerializer.SerializeToUtf8Bytes(line, ControlJson.Default.ControlLine));
                stream.WriteByte((byte)'\n');
            }
        }
    }

    private async Task<ControlCommand> ReadAsync(NetworkStream stream)
    {
        var buffer = new byte[UpLimits.CommandBytes];
        var length = 0;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        patience.CancelAfter(UpLimits.CommandPatience);
        while (length < buffer.Length && await stream.ReadAsync(buffer.AsMemory(length), patience.Token) is > 0 and var read)
        {
            length += read;
            if (buffer.AsSpan(0, length).IndexOf((byte)'\n') is >= 0 and var end)
            {
                return Parse(Encoding.UTF8.GetString(buffer, 0, end));
            }
        }

        throw new FailureException("a command is one line of JSON");
    }

    private static ControlCommand Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ControlJson.Default.ControlCommand) ?? throw new FailureException("a command is one line of JSON");
        }
        catch (JsonException fault)
        {
            throw new FailureException($"the command makes no sense: {fault.Message}", null, fault);
        }
    }
}
