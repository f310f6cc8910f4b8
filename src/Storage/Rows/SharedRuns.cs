using Mjolnir.Core;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// Something whose result is as new as its beginning, and costs the same for one as for a thousand: who asks while it runs shares the run that comes next with all others who ask meanwhile.
/// From any thread.
/// </summary>
/// <param name="run">does it; begun inside a lock, so whatever takes long in it is awaited</param>
internal sealed class SharedRuns(Func<Task> run)
{
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Given to those who wait for the next run, which has not begun; completes with that run once it begins. Null: nobody waits.</summary>
    private TaskCompletionSource<Task>? _next;

    /// <summary>Returns when a run that began after this call has ended, or fails as it did.</summary>
    /// <param name="cancellationToken">ends the wait, not the run, which others may share</param>
    public Task JoinAsync(CancellationToken cancellationToken)
    {
        Task joined;
        Task? before = null;
        lock (_gate)
        {
            if (_next is not null)
            {
                joined = _next.Task.Unwrap();
            }
            else if (_running.IsCompleted)
            {
                joined = _running = run();
            }
            else
            {
                (_next, before) = (new TaskCompletionSource<Task>(), _running);
                joined = _next.Task.Unwrap();
            }
        }

        if (before is not null)
        {
            _ = BeginNextAsync(before);
        }

        return joined.WaitAsync(cancellationToken);
    }

    /// <summary>Begun outside the lock, once the next run stands there to be joined: the one before may end at any moment, this one included.</summary>
    private async Task BeginNextAsync(Task before)
    {
        // Those who asked for it are told of its failure.
        await before.ToItsEnd();
        TaskCompletionSource<Task> begun;
        Task mine;
        lock (_gate)
        {
            (begun, _next) = (_next!, null);
            mine = _running = run();
        }

        begun.SetResult(mine);
    }
}
