using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Mjolnir.Running;

/// <summary>The real program as a process of its own: started from the launcher's build or a published folder (<see cref="Repository.Program"/>), stopped by its own pid.</summary>
public sealed class MjolnirProcess : IAsyncDisposable
{
    private const int SigInt = 2;
    private const int SigTerm = 15;
    private const int SigKill = 9;

    /// <summary>Anything that a process is waited for takes far less, on a machine with other work too.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> _waiting = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    private MjolnirProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Time since it was started.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_started);

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>Everything it wrote so far, both streams.</summary>
    public string Output
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Starts <c>mjolnir</c> with these arguments.</summary>
    public static MjolnirProcess Start(params string[] arguments) => Start(new Dictionary<string, string>(), arguments);

    /// <summary>The same, with more in its environment.</summary>
    public static MjolnirProcess Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        // A script's background job ignores SIGINT, and so would all that it starts: env gives the signal back its meaning.
        var start = new ProcessStartInfo("env") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add("--default-signal=INT");
        foreach (var argument in Repository.Program().Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new MjolnirProcess(Process.Start(start)!);
    }

    /// <summary>Starts a server and waits until it says where it listens.</summary>
    public static async Task<(MjolnirProcess Process, Uri Url)> ServeAsync(params string[] arguments)
    {
        var process = Start(arguments);
        var line = await process.LineAsync(text => text.StartsWith("listening ", StringComparison.Ordinal));
        return (process, new Uri(line["listening ".Length..]));
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) => RunAsync(Patience, arguments);

    /// <summary>Runs it to its end, which may take longer than is usual.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(TimeSpan patience, params string[] arguments)
    {
        await using var process = Start(arguments);
        await process._process.WaitForExitAsync().WaitAsync(patience);
        return (process.ExitCode, process.Output);
    }

    /// <summary>The first line, past or to come, that is wanted.</summary>
    /// <param name="wanted">whether it is that line</param>
    /// <param name="patience">null: the usual; longer for what starts whole clusters</param>
    public Task<string> LineAsync(Func<string, bool> wanted, TimeSpan? patience = null)
    {
        lock (_lines)
        {
            if (_lines.Find(line => wanted(line)) is { } past)
            {
                return Task.FromResult(past);
            }

            return WaitForLine(wanted, patience);
        }
    }

    /// <summary>The first line from now on that is wanted.</summary>
    public Task<string> NextLineAsync(Func<string, bool> wanted)
    {
        lock (_lines)
        {
            return WaitForLine(wanted);
        }
    }

    /// <summary>Waits until it has ended and all its output is here.</summary>
    /// <param name="patience">null: the usual; longer for what waits for others</param>
    public Task EndAsync(TimeSpan? patience = null) => _process.WaitForExitAsync().WaitAsync(patience ?? Patience);

    public void Interrupt() => Signal(SigInt);

    public void Terminate() => Signal(SigTerm);

    /// <summary>kill -9: nothing of it runs any more.</summary>
    public async Task KillAsync()
    {
        Signal(SigKill);
        await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        lock (_lines)
        {
            if (line is not null)
            {
                _lines.Add(line);
                _waiting.Where(entry => entry.Wanted(line)).ToList().ForEach(entry => entry.Found.TrySetResult(line));
            }
        }
    }

    private Task<string> WaitForLine(Func<string, bool> wanted, TimeSpan? patience = null)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((wanted, found));
        return FirstOfAsync(found.Task, patience ?? Patience);
    }

    private async Task<string> FirstOfAsync(Task<string> found, TimeSpan patience)
    {
        using var over = new CancellationTokenSource(patience);
        var ended = _process.WaitForExitAsync(over.Token);
        if (await Task.WhenAny(found, ended) != found && !found.IsCompleted)
        {
            throw new InvalidOperationException($"The line was not written. Output:\n{Output}");
        }

        return await found;
    }

    private void Signal(int signal)
    {
        if (!_process.HasExited && Kill(_process.Id, signal) != 0 && !_process.HasExited)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent to {_process.Id}.");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);
}
