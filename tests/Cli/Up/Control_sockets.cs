using System.Net.Sockets;
using System.Text;
using Mjolnir.Cli.Up;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Up;

/// <summary>The control socket of a running <c>up</c>: who may use it, what it answers, what it refuses.</summary>
public sealed class Control_sockets : IDisposable
{
    private readonly TestFolder _folder = new();

    private UpFolder Folder => new(_folder.Path);

    [Fact]
    public async Task A_command_is_answered_with_its_progress_until_it_is_done()
    {
        await using var server = ControlServer.Listen(Folder.ControlSocket, (command, progress, _) =>
        {
            progress($"{command.Do} to {command.Stacks}");
            progress("halfway");
            return Task.CompletedTask;
        });
        var told = new List<string>();

        await ControlClient.AskAsync(Folder, new ControlCommand("scale", 3), told.Add, CancellationToken.None);

        Assert.Equal(["scale to 3", "halfway"], told);
    }

    [Fact]
    public async Task A_refusal_comes_with_its_hint()
    {
        await using var server = ControlServer.Listen(Folder.ControlSocket, (_, _, _) => throw new FailureException("another scale is under way", "Wait."));

        var failure = await Assert.ThrowsAsync<FailureException>(() => ControlClient.AskAsync(Folder, new ControlCommand("scale", 3), _ => { }, CancellationToken.None));

        Assert.Equal(("another scale is under way", "Wait."), (failure.Message, failure.Hint));
    }

    [Fact]
    public async Task Only_the_owner_may_connect()
    {
        await using var server = ControlServer.Listen(Folder.ControlSocket, (_, _, _) => Task.CompletedTask);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Folder.ControlSocket));
        }
    }

    [Theory]
    [InlineData("nonsense\n", "makes no sense")]
    [InlineData("null\n", "one line of JSON")]
    [InlineData("{\"do\":7}\n", "makes no sense")]
    public async Task What_is_no_command_is_refused_in_words(string sent, string answer)
    {
        await using var server = ControlServer.Listen(Folder.ControlSocket, (_, _, _) => throw new InvalidOperationException("It was run."));

        Assert.Contains(answer, await SayAsync(sent));
    }

    [Fact]
    public async Task A_command_without_end_is_refused_when_it_is_too_long()
    {
        await using var server = ControlServer.Listen(Folder.ControlSocket, (_, _, _) => throw new InvalidOperationException("It was run."));

        Assert.Contains("one line of JSON", await SayAsync(new string('x', UpLimits.CommandBytes)));
    }

    [Fact]
    public async Task A_command_under_way_is_told_when_the_server_ends()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = ControlServer.Listen(Folder.ControlSocket, async (_, _, cancellationToken) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        });
        var asking = ControlClient.AskAsync(Folder, new ControlCommand("scale", 3), _ => { }, CancellationToken.None);
        await begun.Task;

        await server.DisposeAsync();

        Assert.Contains("is stopping", (await Assert.ThrowsAsync<FailureException>(() => asking)).Message);
        Assert.False(File.Exists(Folder.ControlSocket));
    }

    [Fact]
    public async Task The_socket_of_a_killed_run_is_replaced()
    {
        // A bound socket that nobody listens on: what kill -9 leaves.
        using var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        left.Bind(new UnixDomainSocketEndPoint(Folder.ControlSocket));
        var refused = await Assert.ThrowsAsync<FailureException>(() => ControlClient.AskAsync(Folder, new ControlCommand("scale", 3), _ => { }, CancellationToken.None));
        Assert.Contains("no 'mjolnir up' runs", refused.Message);

        await using var server = ControlServer.Listen(Folder.ControlSocket, (_, _, _) => Task.CompletedTask);

        await ControlClient.AskAsync(Folder, new ControlCommand("scale", 3), _ => { }, CancellationToken.None);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string> SayAsync(string text)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Folder.ControlSocket));
        await socket.SendAsync(Encoding.UTF8.GetBytes(text));
        await using var stream = new NetworkStream(socket);
        return await new StreamReader(stream).ReadLineAsync() ?? "";
    }
}
