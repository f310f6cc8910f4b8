using Mjolnir.Core.Views;
using Mjolnir.Storage.Logs;

namespace Mjolnir.AppServer.Committing;

/// <summary>
/// From one view to a later one (protocol: changing the view).
/// <code>
/// batch ends ─► open batch steps back, readers start again ─► homes of the new view ─► VIEW marker ─► confirmed: crossed
///                                                                                       └─ anything else: the log is renewed, and its first message is the newest view
/// </code>
/// A crossing takes its turn between two batches, where nothing is installed that is not confirmed and no undo is open (W8). From the moment it begins no transaction
/// touches a slot that moved or a shard that changed: such slots belong to a view that is not open, and whoever needs them waits.
/// </summary>
internal sealed partial class Committer
{
    private readonly List<(long View, TaskCompletionSource Done)> _crossers = [];
    private ClusterView? _wanted;
    private volatile ClusterView? _crossed;
    private bool _crossing;

    /// <summary>The newest view whose marker is confirmed in a log of this server; null before the first. From any thread.</summary>
    public ClusterView? Crossed => _crossed;

    private bool WantsToCross => _wanted is not null && _wanted.Number > (_shards.View?.Number ?? 0);

    /// <summary>Nothing is between close and confirm, nor is a marker.</summary>
    private bool IsBetweenBatches => _closing is null && !_crossing;

    /// <summary>Crosses to a view; ends when this server's log says so, or was renewed under this view or a later one. At once for a view it has crossed to, or a later one. On the lane.</summary>
    public Task CrossAsync(ClusterView view)
    {
        if (_crossed is { } crossed && crossed.Number >= view.Number)
        {
            return Task.CompletedTask;
        }

        if (_wanted is null || _wanted.Number < view.Number)
        {
            _wanted = view;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _crossers.Add((view.Number, done));
        CloseSoon();
        return done.Task;
    }

    /// <summary>A view is open, and the store's rows as of then can be read: transactions that wait for its slots go on. On the lane.</summary>
    public void Activate(long view)
    {
        if (view > _shards.Active)
        {
            _shards.Activate(view);
            LoadParked();
        }
    }

    private async Task CrossWalkAsync(ClusterView view, LogEpoch epoch)
    {
        // 1. Nothing is installed here: the batch before has ended, with its undos. What is open runs again.
        _crossing = true;
        DissolveOpen();
        StepReadersBack();

        // 2. Slots that moved are used no more, on neither shard; the others go on while the marker is under way.
        MoveTo(view);
        Pump();

        // 3. What follows in the log was made under the new view.
        var outcome = await PublishMarkerAsync(epoch);
        _crossing = false;
        if (outcome != PublishOutcome.Confirmed)
        {
            await RenewEpochAsync(null);
            return;
        }

        HaveCrossed();
        Pump();
        CloseSoonIfWanted();
    }

    /// <summary>For a log that is being opened: crosses to the newest view there is, with nothing under way.</summary>
    private async Task MoveToLatestAsync()
    {
        var latest = await WithoutOutageAsync(() => _options.Views.LatestAsync(_stop.Token));
        if (latest.Active > _shards.Active)
        {
            await WithoutOutageAsync(async () =>
            {
                await _options.Store.RefreshAsync(_stop.Token);
                return true;
            });
            Activate(latest.Active);
        }

        var newest = _wanted is { } wanted && wanted.Number > latest.View.Number ? wanted : latest.View;
        if (_shards.View is null || newest.Number > _shards.View.Number)
        {
            MoveTo(newest);
        }
    }

    /// <summary>Rows that live elsewhere now are forgotten with all that is under way for them; who waited for one runs again.</summary>
    private void MoveTo(ClusterView view)
    {
        if (_shards.View is not null)
        {
            Counters.Crossings++;
        }

        _shards.MoveTo(view);
        foreach (var cell in _cells.ForgetMoved())
        {
            Release(cell, null);
        }

        LoadParked();
    }

    private void HaveCrossed()
    {
        _crossed = _shards.View;
        foreach (var (_, done) in _crossers.FindAll(crosser => crosser.View <= _crossed!.Number))
        {
            done.TrySetResult();
        }

        _crossers.RemoveAll(crosser => crosser.View <= _crossed!.Number);
    }

    /// <summary>Readers whose tokens are being looked at, or are about to be, start again: by the present view.</summary>
    private void StepReadersBack()
    {
        foreach (var (transaction, _) in _readers)
        {
            Ready(transaction);
        }

        _readers.Clear();
    }
}
