namespace Mjolnir.Services.Supervision;

/// <summary>A program that says when it is ready by a line of its output.</summary>
public sealed class ProgramService : IRunningService
{
    private readonly ServiceProcess _process;
    private readonly TimeSpan _stopPatience;

    private ProgramService(ServiceProcess process, TimeSpan stopPatience) => (_process, _stopPatience) = (process, stopPatience);

    /// <inheritdoc/>
    public IReadOnlyList<int> ProcessIds => [_process.Id];

    /// <inheritdoc/>
    public Task Exited => _process.Exited;

    /// <inheritdoc/>
    public int? ExitCode => _process.ExitCode;

    /// <summary>How to start a program.</summary>
    /// <param name="name">for messages</param>
    /// <param name="command">the program; its output is taken here</param>
    /// <param name="isReady">whether a line says that it is ready</param>
    /// <param name="stopPatience">how long an orderly end may take</param>
    /// <param name="time">the clock</param>
    public static StartService Of(string name, ServiceCommand command, Predicate<string> isReady, TimeSpan stopPatience, TimeProvider time) =>
        (output, cancellationToken) => StartAsync(name, command, isReady, stopPatience, time, output, cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync() => _process.StopAsync(_stopPatience);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<IRunningService> StartAsync(
        string name, ServiceCommand command, Predicate<string> isReady, TimeSpan stopPatience, TimeProvider time, Action<string> output, CancellationToken cancellationToken)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var last = new LastLines();
        var service = new ProgramService(Start(name, command with { Output = Hear }), stopPatience);
        try
        {
            var first = await Task.WhenAny(ready.Task, service.Exited).WaitAsync(SupervisionLimits.ReadyPatience, time, cancellationToken);
            if (first != ready.Task && !ready.Task.IsCompleted)
            {
                throw new ServiceFailedException($"{name} ended with exit code {service.ExitCode} before it was ready:{last}");
            }

            return service;
        }
        catch (Exception fault)
        {
            // What has begun to work is asked to end in order, also when nobody waits for it any more.
            await service.StopAsync();
            await service.DisposeAsync();
            throw fault is TimeoutException ? new ServiceFailedException($"{name} was not ready within {SupervisionLimits.ReadyPatience.TotalMinutes:F0} min:{last}") : fault;
        }

        void Hear(string line)
        {
            last.Add(line);
            output(line);
            if (isReady(line))
            {
                ready.TrySetResult();
            }
        }
    }

    private static ServiceProcess Start(string name, ServiceCommand command)
    {
        if (!File.Exists(command.Program))
        {
            throw new ServiceFailedException($"{name} cannot be started: there is no program {command.Program}.");
        }

        try
        {
            return ServiceProcess.Start(command);
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new ServiceFailedException($"{name} cannot be started: {fault.Message}", fault);
        }
    }

    private sealed class LastLines
    {
        private readonly Queue<string> _lines = new();

        public void Add(string line)
        {
            lock (_lines)
            {
                _lines.Enqueue(line);
                if (_lines.Count > SupervisionLimits.KeptLines)
                {
                    _lines.Dequeue();
                }
            }
        }

        public override string ToString()
        {
            lock (_lines)
            {
                return _lines.Count == 0 ? " it said nothing" : "\n  " + string.Join("\n  ", _lines);
            }
        }
    }
}
