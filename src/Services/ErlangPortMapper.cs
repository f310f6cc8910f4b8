using System.Globalization;

namespace Mjolnir.Services;

/// <summary>
/// Erlang's port mapper (epmd), by which nodes and their tools find each other. RabbitMQ would start one as a daemon that outlives everything; ours is a child process like any other, on a port of its own.
/// </summary>
public sealed class ErlangPortMapper : IAsyncDisposable
{
    private readonly ServiceProcess _process;

    private ErlangPortMapper(ServiceProcess process, int port) => (_process, Port) = (process, port);

    /// <summary>Its loopback port.</summary>
    public int Port { get; }

    /// <summary>Ends with the process, however it ends.</summary>
    public Task Exited => _process.Exited;

    /// <summary>Starts it.</summary>
    /// <param name="port">0: a free one</param>
    /// <exception cref="ServiceFailedException">it is not installed</exception>
    public static ErlangPortMapper Start(int port = 0)
    {
        var program = Programs.Find("epmd") ?? throw new ServiceFailedException("There is no epmd: install Erlang (Debian: apt-get install rabbitmq-server brings it).");
        if (port == 0)
        {
            port = Programs.FreePorts(1)[0];
        }

        return new(ServiceProcess.Start(new(program, ["-address", "127.0.0.1", "-port", port.ToString(CultureInfo.InvariantCulture)])), port);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
