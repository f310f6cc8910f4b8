using System.Diagnostics;

namespace Mjolnir.Services;

/// <summary>What to start: a program with its arguments, where its output goes, and what it must not outlive.</summary>
public sealed record ServiceCommand(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>Set in its environment, on top of this process's.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables of this process whose names begin so are not handed on; null: all are.</summary>
    public string? EnvironmentWithout { get; init; }

    /// <summary>Its working directory; null: this process's.</summary>
    public string? Folder { get; init; }

    /// <summary>Called with each line of its output, on a thread of the pool; null: the output is thrown away.</summary>
    public Action<string>? Output { get; init; }

    /// <summary>Runs as this user (only when this process is root); null: as this process's user.</summary>
    public string? User { get; init; }
}

/// <summary>
/// A child process that ends with this one, however this one ends: where the system can (Linux), the kernel kills it when its parent dies. All children are started by one thread
/// that lives as long as the process, because the kernel takes the death of the starting thread for the parent's. Each is in a session of its own: Ctrl-C at the terminal reaches
/// this process only, which ends its children in their order.
/// </summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly Starter OneStarter = new();

    private readonly Process _process;

    private ServiceProcess(Process process)
    {
        _process = process;
        Exited = process.WaitForExitAsync();
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Ends with the process, however it ends.</summary>
    public Task Exited { get; }

    /// <summary>Its exit code, once it has exited.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts it.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">there is no such program, or it may not be run</exception>
    public static ServiceProcess Start(ServiceCommand command) => new(OneStarter.Start(StartInfo(command), command.Output));

    /// <summary>Asks it to end (SIGTERM), and kills it when it has not within the patience.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (!_process.HasExited)
        {
            Signals.Send(Id, Signals.Terminate);
            try
            {
                await Exited.WaitAsync(patience);
            }
            catch (TimeoutException)
            {
                Kill();
            }
        }

        await Exited;
    }

    /// <summary>Ends it at once (SIGKILL).</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        await Exited;
        _process.Dispose();
    }

    private static ProcessStartInfo StartInfo(ServiceCommand command)
    {
        var info = new ProcessStartInfo { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = command.Folder ?? "" };
        List<string> line = [.. Wrapper(command.User), command.Program, .. command.Arguments];
        info.FileName = line[0];
        line[1..].ForEach(info.ArgumentList.Add);
        if (command.EnvironmentWithout is { } prefix)
        {
            info.Environment.Keys.Where(name => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).ToList().ForEach(name => info.Environment.Remove(name));
        }

        foreach (var (name, value) in command.Environment)
        {
            info.Environment[name] = value;
        }

        return info;
    }

    private static IEnumerable<string> Wrapper(string? user)
    {
        if (!OperatingSystem.IsLinux() || Programs.Find("setpriv") is not { } setpriv || Programs.Find("setsid") is not { } setsid)
        {
            return [];
        }

        string[] asUser = user is not null && Environment.IsPrivilegedProcess ? ["--reuid", user, "--regid", user, "--init-groups"] : [];

        // Neither forks: the child's process id stays that of the program. The signal is asked for last, because a change of user clears it.
        return [setsid, setpriv, .. asUser, "--pdeathsig", "KILL", "--"];
    }

    private sealed class Starter
    {
        private readonly System.Collections.Concurrent.BlockingCollection<Action> _work = [];

        public Starter() => new Thread(Run) { IsBackground = true, Name = "starter of services" }.Start();

        public Process Start(ProcessStartInfo info, Action<string>? output)
        {
            var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
            _work.Add(() =>
            {
                try
                {
                    started.SetResult(StartNow(info, output));
                }
                catch (Exception exception)
                {
                    started.SetException(exception);
                }
            });
            return started.Task.GetAwaiter().GetResult();
        }

        private static Process StartNow(ProcessStartInfo info, Action<string>? output)
        {
            var process = new Process { StartInfo = info, EnableRaisingEvents = true };
            process.OutputDataReceived += (_, line) => Tell(line.Data);
            process.ErrorDataReceived += (_, line) => Tell(line.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return process;

            void Tell(string? line)
            {
                if (line is not null)
                {
                    output?.Invoke(line);
                }
            }
        }

        private void Run()
        {
            foreach (var work in _work.GetConsumingEnumerable())
            {
                work();
            }
        }
    }
}
