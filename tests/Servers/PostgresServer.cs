using Mjolnir.Running;
using Mjolnir.Services;

namespace Mjolnir.Servers;

/// <summary>A PostgreSQL of its own, as it comes: the bench's peer. Every commit is flushed to the disk.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder;
    private readonly ServiceProcess _process;

    private PostgresServer(TestFolder folder, ServiceProcess process, int port)
    {
        _folder = folder;
        _process = process;
        Port = port;
    }

    /// <summary>Where it listens on loopback.</summary>
    public int Port { get; }

    /// <summary>For Npgsql.</summary>
    public string ConnectionString => $"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres;Maximum Pool Size=64;No Reset On Close=true";

    public static async Task<PostgresServer> StartAsync()
    {
        var bin = Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Last() + "/bin/";
        var folder = new TestFolder();
        var data = folder.At("data");
        Directory.CreateDirectory(data);
        string? user = Environment.IsPrivilegedProcess ? "postgres" : null;
        if (user is not null)
        {
            // PostgreSQL refuses to run as root, and its own user must reach its folder.
            await RunAsync(new ServiceCommand("chmod", ["711", folder.Path]));
            await RunAsync(new ServiceCommand("chown", [user, data]));
        }

        await RunAsync(new ServiceCommand(bin + "initdb", ["-D", data, "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8"]) { User = user });
        var port = Programs.FreePorts(1)[0];
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = ServiceProcess.Start(new ServiceCommand(
            bin + "postgres",
            ["-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=100", "-c", "shared_buffers=256MB"])
        {
            User = user,
            Output = line => _ = line.Contains("ready to accept connections", StringComparison.Ordinal) && ready.TrySetResult(),
        });
        await ready.Task.WaitAsync(StartPatience);
        return new PostgresServer(folder, process, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(StartPatience);
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task RunAsync(ServiceCommand command)
    {
        var output = new List<string>();
        await using var process = ServiceProcess.Start(command with { Output = line => { lock (output) { output.Add(line); } } });
        await process.Exited;
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{command.Program} ended with {process.ExitCode}:\n{string.Join('\n', output)}");
        }
    }
}
