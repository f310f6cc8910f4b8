using System.Collections.Concurrent;
using Mjolnir.Simulation.Tests.Faults;
using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Contracts;

/// <summary>
/// A simulation on a thread of its own, of which tests of the real world ask something: whatever is asked is done in one of its processes, and the clock goes on until nothing is left to happen. Messages
/// are slow at times and come between each other, but nothing is lost: a contract says what holds then.
/// </summary>
internal sealed class SimulatedWorld : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly BlockingCollection<Action> _asked = [];
    private readonly TaskCompletionSource<SimulationLoop> _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private int _processes;

    public SimulatedWorld(long seed)
    {
        _thread = new Thread(() => Run(seed)) { IsBackground = true, Name = "simulated world" };
        _thread.Start();
        Loop = _begun.Task.GetAwaiter().GetResult();
    }

    /// <summary>For what is asked: on its own thread only.</summary>
    public SimulationLoop Loop { get; }

    /// <summary>A process to ask in.</summary>
    public SimulatedProcess NewProcess() => new(Loop, $"test{Interlocked.Increment(ref _processes)}");

    /// <summary>Has something done at once, by nobody in particular.</summary>
    public Task DoAsync(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Ask(() =>
        {
            action();
            done.SetResult();
        });
        return Ending(done.Task);
    }

    /// <summary>Lets a time pass there.</summary>
    public Task PassAsync(TimeSpan time) => DoAsync(() => Loop.RunUntil(static () => false, time));

    /// <summary>Asks for something in a process, and gives what came of it; a cancellation comes there as a callback of the process.</summary>
    public async Task<T> AskAsync<T>(SimulatedProcess process, Func<CancellationToken, ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        Ask(() => process.Start(async () =>
        {
            try
            {
                answered.SetResult(await ask(stop.Token));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                answered.SetCanceled(stop.Token);
            }
            catch (Exception fault)
            {
                answered.SetException(fault);
            }
        }));
        using var cancelled = cancellationToken.Register(() => Ask(() => process.Post(stop.Cancel)));
        return await Ending(answered.Task);
    }

    public Task AskAsync(SimulatedProcess process, Func<CancellationToken, ValueTask> ask, CancellationToken cancellationToken) => AskAsync(
        process,
        async stop =>
        {
            await ask(stop);
            return true;
        },
        cancellationToken);

    public void Dispose()
    {
        _asked.CompleteAdding();
        _thread.Join();
        _asked.Dispose();
    }

    private void Ask(Action action) => _asked.Add(action);

    /// <summary>Whoever waits learns what went wrong in the simulation itself.</summary>
    private async Task Ending(Task asked)
    {
        await asked;
        ThrowIfFailed();
    }

    private async Task<T> Ending<T>(Task<T> asked)
    {
        var answer = await asked;
        ThrowIfFailed();
        return answer;
    }

    private void ThrowIfFailed()
    {
        if (Loop.Failure is { } failure)
        {
            throw new InvalidOperationException(failure);
        }
    }

    private void Run(long seed)
    {
        var loop = new SimulationLoop(seed, new SimulationTrace(isOn: false))
        {
            Weather = new Weather { IsFair = true, Slow = 0.05, SplitPass = 0.3 },
        };
        _begun.SetResult(loop);
        foreach (var asked in _asked.GetConsumingEnumerable())
        {
            asked();
            loop.RunUntil(() => loop.IsIdle || _asked.Count > 0, Longest);
        }
    }
}
