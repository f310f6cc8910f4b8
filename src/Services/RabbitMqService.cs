using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Services;

/// <summary>
/// A real RabbitMQ node of Debian's package, run for this process alone: loopback ports, data in a folder of ours, a port mapper of its own. It ends with this process, however that ends, and leaves nothing
/// running. Killed and started again on the same folder, it has everything that was confirmed.
/// </summary>
public sealed class RabbitMqService : IAsyncDisposable
{
    private const string ServerFolder = "/usr/lib/rabbitmq/bin";
    private const string ServerProgram = "rabbitmq-server";
    private static readonly byte[] ProtocolHeader = [(byte)'A', (byte)'M', (byte)'Q', (byte)'P', 0, 0, 9, 1];

    private readonly RabbitMqSettings _settings;
    private readonly RabbitMqFolder _folder;
    private readonly ErlangPortMapper _portMapper;
    private readonly bool _ownsPortMapper;
    private readonly int _distributionPort;
    private readonly Queue<string> _lastLines = [];
    private ServiceProcess? _process;

    private RabbitMqService(RabbitMqSettings settings)
    {
        var ports = Programs.FreePorts(2);
        _settings = settings;
        Port = settings.Port == 0 ? ports[0] : settings.Port;
        _distributionPort = ports[1];
        _folder = new RabbitMqFolder(settings);
        _ownsPortMapper = settings.PortMapper is null;
        _portMapper = settings.PortMapper ?? ErlangPortMapper.Start();
    }

    /// <summary>The AMQP port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>How to connect, credentials included: not for logs.</summary>
    public string Url => _folder.Url(Port);

    /// <summary>The node's process id.</summary>
    public int ProcessId => Process.Id;

    /// <summary>Ends with the node's present process, however it ends.</summary>
    public Task Exited => Process.Exited;

    private ServiceProcess Process => _process ?? throw new InvalidOperationException("The node was not started.");

    /// <summary>Starts a node and returns when AMQP answers.</summary>
    /// <exception cref="ServiceFailedException">it is not installed, its port is in use, or it did not come up</exception>
    public static async Task<RabbitMqService> StartAsync(RabbitMqSettings settings, CancellationToken cancellationToken)
    {
        var service = new RabbitMqService(settings);
        try
        {
            await service.RestartAsync(cancellationToken);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the node again on the same port and folder after it ended or was killed; returns when AMQP answers.</summary>
    /// <exception cref="ServiceFailedException">its port is in use, or it did not come up</exception>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _process = null;
        }

        RequireFree(Port);
        _folder.Configure(Port);
        _process = ServiceProcess.Start(new(Program(ServerProgram), [])
        {
            Environment = _folder.Environment(_portMapper.Port, _distributionPort),
            Folder = _folder.Home,
            Output = Hear,
        });
        await ReadyAsync(_process, cancellationToken);
    }

    /// <summary>Kills the node at once (SIGKILL), as a crash would; the port mapper stays.</summary>
    public async Task KillAsync()
    {
        Process.Kill();
        await Process.Exited;
    }

    /// <summary>Stops the node in order; it can be started again.</summary>
    public Task StopAsync() => Process.StopAsync(RabbitMqLimits.StopPatience);

    /// <summary>Runs <c>rabbitmqctl</c> on the node and returns what it says.</summary>
    /// <exception cref="ServiceFailedException">it failed; the message has its output</exception>
    public async Task<string> ControlAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        await using var process = ServiceProcess.Start(new(Program("rabbitmqctl"), ["-q", "-n", RabbitMqFolder.NodeName(_settings.Name), .. arguments])
        {
            Environment = _folder.Environment(_portMapper.Port, _distributionPort),
            Folder = _folder.Home,
            Output = line =>
            {
                lock (lines)
                {
                    lines.Add(line);
                }
            },
        });
        await process.Exited.WaitAsync(cancellationToken);
        lock (lines)
        {
            var output = string.Join('\n', lines);
            return process.ExitCode == 0 ? output : throw new ServiceFailedException($"rabbitmqctl {string.Join(' ', arguments)} failed: {output}");
        }
    }

    /// <summary>Kills the node if it still runs, and its port mapper; the data stays.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        if (_ownsPortMapper)
        {
            await _portMapper.DisposeAsync();
        }
    }

    /// <summary>The full path of what is needed and not installed; null: all is there.</summary>
    public static string? MissingProgram() => Path.Combine(ServerFolder, ServerProgram) is var path && File.Exists(path) ? null : path;

    private static string Program(string name)
    {
        // Not those on the PATH: Debian's wrappers there insist on the machine's own RabbitMQ and its user.
        var path = Path.Combine(ServerFolder, name);
        return File.Exists(path) ? path : throw new ServiceFailedException($"RabbitMQ is not installed ({path} is missing): apt-get install rabbitmq-server, or name a running one by its URL.");
    }

    private static void RequireFree(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
            listener.Listen();
        }
        catch (SocketException exception)
        {
            throw new ServiceFailedException(string.Create(CultureInfo.InvariantCulture, $"RabbitMQ cannot listen on 127.0.0.1:{port}: {exception.Message}. Choose another port, or stop what uses this one."), exception);
        }
    }

    /// <summary>Waits until the node answers the protocol's greeting: its port opens last, when all queues are there.</summary>
    private async Task ReadyAsync(ServiceProcess process, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(RabbitMqLimits.StartPatience);
        try
        {
            while (!await AnswersAsync(patience.Token))
            {
                if (process.Exited.IsCompleted)
                {
                    throw new ServiceFailedException($"RabbitMQ ended while starting in {_settings.Folder} (exit code {process.ExitCode}). Its last lines:\n{LastLines()}");
                }

                await Task.Delay(RabbitMqLimits.ReadyPoll, patience.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServiceFailedException($"RabbitMQ in {_settings.Folder} did not answer within {RabbitMqLimits.StartPatience.TotalSeconds:F0} s. Its last lines:\n{LastLines()}");
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var answer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        answer.CancelAfter(RabbitMqLimits.ReadyAnswer);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port, answer.Token);
            await client.GetStream().WriteAsync(ProtocolHeader, answer.Token);
            return await client.GetStream().ReadAsync(new byte[64], answer.Token) > 0;
        }
        catch (Exception exception) when (exception is SocketException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private void Hear(string line)
    {
        lock (_lastLines)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > RabbitMqLimits.KeptLines)
            {
                _lastLines.Dequeue();
            }
        }

        _settings.Output?.Invoke(line);
    }

    private string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join('\n', _lastLines);
        }
    }
}
