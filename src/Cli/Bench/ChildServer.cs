using System.Diagnostics;
using System.Net;

namespace Mjolnir.Cli.Bench;

/// <summary>A server in a process of its own, started by this program from its own files and stopped by it.</summary>
internal sealed class ChildServer : IAsyncDisposable
{
    /// <summary>What a server says on its standard output when it can be used (see <c>DevScreen</c>).</summary>
    public const string ListeningWord = "listening ";

    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();

    private ChildServer(Process process) => _process = process;

    public Uri Url { get; private set; } = null!;

    public IPEndPoint EndPoint => new(IPAddress.Loopback, Url.Port);

    public TimeSpan StartTime { get; private set; }

    /// <summary>User and system time of the process so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts this program with other arguments.</summary>
    public static Task<ChildServer> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        StartAsync(typeof(ChildServer).Assembly.Location, arguments, cancellationToken);

    /// <summary>Starts a program that is this one, or lies beside it.</summary>
    public static async Task<ChildServer> StartAsync(string assembly, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(assembly);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var began = Stopwatch.GetTimestamp();
        var server = new ChildServer(Process.Start(start)!);
        await server.WaitUntilListeningAsync(cancellationToken);
        server.StartTime = Stopwatch.GetElapsedTime(began);
        return server;
    }

    /// <summary>Stops it as Ctrl-C does; true if it ended well.</summary>
    public async Task<bool> StopAsync()
    {
        if (!_process.HasExited)
        {
            Signals.Terminate(_process);
        }

        using var patience = new CancellationTokenSource(CliLimits.StopPatience * 2);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        return _process.ExitCode == 0;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    private async Task WaitUntilListeningAsync(CancellationToken cancellationToken)
    {
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) => Take(line.Data, listening);
        _process.ErrorDataReceived += (_, line) => Take(line.Data, listening);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => listening.TrySetException(new FailureException("the server ended before it could be used", LastLines()));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(BenchLimits.ServerStart);
        Url = await listening.Task.WaitAsync(patience.Token);
    }

    private void Take(string? line, TaskCompletionSource<Uri> listening)
    {
        if (line is null)
        {
            return;
        }

        lock (_lastLines)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > 20)
            {
                _lastLines.Dequeue();
            }
        }

        if (line.StartsWith(ListeningWord, StringComparison.Ordinal))
        {
            listening.TrySetResult(new Uri(line[ListeningWord.Length..]));
        }
    }

    private string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join("\n  ", _lastLines);
        }
    }
}
