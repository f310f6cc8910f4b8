namespace Mjolnir.Services;

/// <summary>One program of Ceph: its output goes on with its name before it, and its last lines are kept for the message when it ends unasked.</summary>
internal sealed class CephDaemon : IAsyncDisposable
{
    private readonly Queue<string> _lines = new();
    private readonly string _program;
    private readonly Action<string>? _output;
    private readonly ServiceProcess _process;

    public CephDaemon(string program, IReadOnlyList<string> arguments, string folder, Action<string>? output)
    {
        (_program, _output) = (program, output);
        var path = Programs.Find(program) ?? throw new ServiceFailedException($"The program {program} is not installed. {CephService.HowToInstall}");
        _process = ServiceProcess.Start(new ServiceCommand(path, arguments) { Folder = folder, Output = Take });
    }

    public int Id => _process.Id;

    public Task Exited => _process.Exited;

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="ServiceFailedException">it failed, or did not end in time</exception>
    public static async Task RunAsync(string program, IReadOnlyList<string> arguments, string folder, Action<string>? output, CancellationToken cancellationToken)
    {
        await using var run = new CephDaemon(program, arguments, folder, output);
        await run.Exited.WaitAsync(cancellationToken);
        if (run._process.ExitCode != 0)
        {
            throw run.Failure();
        }
    }

    /// <summary>What to say when it has ended.</summary>
    public ServiceFailedException Failure()
    {
        lock (_lines)
        {
            return new ServiceFailedException($"{_program} ended with exit code {_process.ExitCode}:\n{string.Join('\n', _lines)}");
        }
    }

    public Task StopAsync() => _process.StopAsync(CephLimits.StopPatience);

    public void Kill() => _process.Kill();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private void Take(string line)
    {
        lock (_lines)
        {
            if (_lines.Count == CephLimits.KeptLines)
            {
                _lines.Dequeue();
            }

            _lines.Enqueue(line);
        }

        _output?.Invoke($"{_program}: {line}");
    }
}
