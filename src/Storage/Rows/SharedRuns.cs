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
    private Task? _next;

    /// <summary>Returns when a run that began after this call has ended, or fails as it did.</summary>
    /// <param name="cancellationToken">ends the wait, not the run, which others may share</param>
    public Task JoinAsync(CancellationToken cancellationToken)
    {
        Task joined;
        lock (_gate)
        {
            joined = _next ?? (_running.IsCompleted ? _running = run() : _next = NextAsync(_running));
        }

        return joined.WaitAsync(cancellationToken);
    }

    private async Task NextAsync(Task before)
    {
        // Those who asked for it are told of its failure.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Task mine;
        lock (_gate)
        {
            (mine, _next) = (run(), null);
            _running = mine;
        }

        await mine;
    }
}
