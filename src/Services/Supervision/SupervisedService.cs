namespace Mjolnir.Services.Supervision;

/// <summary>
/// One service that is kept up: when it ends unasked it is started again, at once if it had been up for a while, else after a pause that doubles. It is never given up:
/// one that ends again and again is shown as failing, and the others go on.
/// </summary>
public sealed class SupervisedService : IAsyncDisposable
{
    private readonly StartService _start;
    private readonly TimeProvider _time;
    private readonly Action<string> _output;
    private readonly Action<string> _tell;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private ServiceStatus _status;
    private Task _starting = Task.CompletedTask;
    private Task<IRunningService?> _life = Task.FromResult<IRunningService?>(null);
    private volatile bool _mayEnd;

    /// <param name="name">its name, for its status</param>
    /// <param name="start">starts it</param>
    /// <param name="output">called with each line that it writes</param>
    /// <param name="tell">called with each event of its life, in plain words</param>
    /// <param name="time">clock and timers</param>
    public SupervisedService(string name, StartService start, Action<string> output, Action<string> tell, TimeProvider time)
    {
        (_start, _output, _tell, _time) = (start, output, tell, time);
        _status = new ServiceStatus(name, ServiceState.Stopped, [], 0, "");
    }

    /// <summary>A look at it.</summary>
    public ServiceStatus Status
    {
        get
        {
            lock (_gate)
            {
                return _status;
            }
        }
    }

    /// <summary>Ends when it has ended for good: stopped, or ended by itself after <see cref="LetEnd"/>.</summary>
    public Task Ended => _life;

    /// <summary>Starts it for the first time and returns when it is ready; from then on it is kept up.</summary>
    /// <exception cref="ServiceFailedException">it did not come up: nothing of it runs, and it is not tried again</exception>
    public Task StartAsync(CancellationToken cancellationToken) => _starting = StartFirstAsync(cancellationToken);

    /// <summary>From now on an end with exit code 0 is what was wanted: it is not started again.</summary>
    public void LetEnd() => _mayEnd = true;

    /// <summary>Ends it in order, wherever it stands.</summary>
    public async Task StopAsync()
    {
        Set(status => status with { State = ServiceState.Stopping });
        await _stop.CancelAsync();

        // A start under way ends by that too, and says so to who asked for it.
        await _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (await _life is { } running)
        {
            await running.StopAsync();
            await running.DisposeAsync();
        }

        Set(status => status with { State = ServiceState.Stopped, ProcessIds = [] });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task StartFirstAsync(CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        both.Token.ThrowIfCancellationRequested();
        try
        {
            Set(status => status with { State = ServiceState.Starting });
            var running = await _start(Hear, both.Token);
            IsReady(running);
            _life = SuperviseAsync(running);
        }
        catch
        {
            Set(status => status with { State = ServiceState.Stopped });
            throw;
        }
    }

    /// <summary>Keeps it up until a stop is asked for; returns what runs then.</summary>
    private async Task<IRunningService?> SuperviseAsync(IRunningService first)
    {
        var quickEnds = 0;
        for (var running = first; ;)
        {
            var began = _time.GetTimestamp();
            if (!await EndedUnaskedAsync(running))
            {
                return running;
            }

            var code = running.ExitCode;
            await running.DisposeAsync();
            if (_mayEnd && code == 0)
            {
                Set(status => status with { State = ServiceState.Stopped, ProcessIds = [] });
                return null;
            }

            quickEnds = _time.GetElapsedTime(began) >= SupervisionLimits.Steady ? 0 : quickEnds + 1;
            if (await StartAgainAsync(code is null ? "ended" : $"ended with exit code {code}", quickEnds) is not var (again, ends))
            {
                return null;
            }

            (running, quickEnds) = (again, ends);
        }
    }

    /// <summary>True when it ended by itself, false when a stop is asked for.</summary>
    private async Task<bool> EndedUnaskedAsync(IRunningService running)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = _stop.Token.Register(asked.SetResult);
        return await Task.WhenAny(running.Exited, asked.Task) == running.Exited && !_stop.IsCancellationRequested;
    }

    /// <summary>Tries until it is up, or a stop is asked for.</summary>
    private async Task<(IRunningService Running, int QuickEnds)?> StartAgainAsync(string reason, int quickEnds)
    {
        while (true)
        {
            var pause = SupervisionLimits.PauseAfter(quickEnds);
            var state = quickEnds >= SupervisionLimits.FailuresToTell ? ServiceState.Failing : ServiceState.Waiting;
            Set(status => status with { State = state, ProcessIds = [], LastLine = reason });
            _tell($"{reason}; {(pause > TimeSpan.Zero ? $"starting it again in {pause.TotalSeconds:0.##} s" : "starting it again")}{(state == ServiceState.Failing ? $" (it failed {quickEnds} times one after another)" : "")}");
            try
            {
                await Task.Delay(pause, _time, _stop.Token);
                Set(status => status with { State = state == ServiceState.Failing ? state : ServiceState.Starting, Restarts = status.Restarts + 1 });
                var running = await _start(Hear, _stop.Token);
                IsReady(running);
                _tell("is ready again");
                return (running, quickEnds);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception fault)
            {
                // Whatever it is, it is told, and the next try may go better: giving up would be worse.
                (reason, quickEnds) = (fault.Message, quickEnds + 1);
            }
        }
    }

    private void IsReady(IRunningService running) => Set(status => status with { State = ServiceState.Ready, ProcessIds = running.ProcessIds });

    private void Hear(string line)
    {
        Set(status => status with { LastLine = line });
        _output(line);
    }

    private void Set(Func<ServiceStatus, ServiceStatus> change)
    {
        lock (_gate)
        {
            _status = change(_status);
        }
    }
}
