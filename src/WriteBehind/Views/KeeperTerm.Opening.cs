using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.WriteBehind.Views;

/// <summary>Opening the latest view, and what the keeper tells of itself.</summary>
internal sealed partial class KeeperTerm
{
    private readonly Dictionary<(string Name, string? Address), long> _unopenedAt = [];
    private ViewOpening? _opening;
    private string _waiting = "";
    private KeeperBeat? _told;
    private long _toldAt;

    /// <summary>Opens the latest view as soon as every log that was live after it was made is drained through its marker, or its seal.</summary>
    private async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        if (_opening?.Walk is { } walk)
        {
            await TakeWalkAsync(walk);
        }

        _waiting = "";
        if (_opening?.Walk is not null || _latest is null || _latest.Number <= (_active?.Number ?? 0))
        {
            _opening = _opening?.Walk is not null ? _opening : null;
            return;
        }

        if (_opening is null || _opening.View.Number != _latest.Number)
        {
            _opening = new ViewOpening(_latest);
        }

        if (_opening.Logs is null)
        {
            // Only now, after the view was made: who registers a log later finds this view and begins with its marker (V12).
            await LookAtAllLogsAsync(cancellationToken);
            _opening.Logs = _book.Open;
        }

        _waiting = WaitsFor(_opening);
        if (_waiting.Length == 0)
        {
            _opening.Walk = WalkAsync(_opening, cancellationToken);
            _ = _opening.Walk.ContinueWith(_ => News(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>What still keeps the view from being opened, in plain words; empty: nothing.</summary>
    private string WaitsFor(ViewOpening opening)
    {
        if (_isHigherNeeded || _isLossNew)
        {
            return "a higher view";
        }

        if (_book.Damaged.Count > 0)
        {
            return $"log {_book.Damaged.Keys.First()}, which cannot be read: {_book.Damaged.Values.First().Message}";
        }

        if (opening.Logs!.Where(log => !IsDrained(log, opening.View)).ToArray() is { Length: > 0 } logs)
        {
            return $"view {opening.View.Number}: the logs {string.Join(", ", logs)} are not yet stored through it";
        }

        if (_lost.Count > 0 && _time.GetElapsedTime(_latestMadeAt) < _options.StoreLimits.SealWait)
        {
            return "the last possible confirms of lost logs";
        }

        return ToOpen(opening.View).FirstOrDefault(shard => !ProbeOf(shard).IsReachable) is { } shard ? $"shard {shard.Name}, which does not answer" : "";
    }

    /// <summary>After the loss of a queue every server has to end its log: what it knows to be durable may be above the cut.</summary>
    private bool IsDrained(string log, ClusterView view) =>
        _book.Known(log) is { } known && (known.IsEnded || _lost.Contains(log) || (_lost.Count == 0 && known.LastView >= view.Number));

    private IEnumerable<ShardDescription> ToOpen(ClusterView view) => ViewPlan.ToOpen(view, _active).Select(shard => view.Shards[shard]);

    private async Task<string?> WalkAsync(ViewOpening opening, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await CutAsync(opening, cancellationToken);
            var shards = ToOpen(opening.View).Select(shard => (shard, ProbeOf(shard).Connection)).ToArray();
            return await opening.WalkAsync(_registry, _options.NewId(), shards, patience.Token).WaitAsync(_limits.OpenPatience, _time, cancellationToken);
        }
        catch (Exception fault) when (PassingFault.Is(fault))
        {
            // Whatever of it was done or will still be done: nobody uses its labels, and the next view has others.
            patience.Cancel();
            return fault.Message;
        }
    }

    /// <summary>Before anybody uses the store again, once for all logs together (W4).</summary>
    private async ValueTask CutAsync(ViewOpening opening, CancellationToken cancellationToken)
    {
        if (_lost.Count == 0)
        {
            return;
        }

        var live = opening.Logs!.ToHashSet(StringComparer.Ordinal);
        var head = await new QueueLoss(_options.Store, _time, _options.StoreLimits, _options.NewId()).CutAsync([.. _lost], log => !live.Contains(log), cancellationToken);
        foreach (var cut in head.Cut)
        {
            _options.Bus.Announce(new CommitNotice(cut.Log, cut.Batch, [], Sealed: true));
        }

        Report($"the store was cut: {string.Join(", ", head.Cut)}");
    }

    private async ValueTask TakeWalkAsync(Task<string?> walk)
    {
        if (!walk.IsCompleted)
        {
            return;
        }

        var (view, unopened) = (_opening!.View, _opening.Unopened);
        _opening = null;
        if (await walk is { } failure)
        {
            Report($"view {view.Number} cannot be opened: {failure}");
            (_isHigherNeeded, _failedAt) = (true, _time.GetTimestamp());
            foreach (var shard in unopened)
            {
                _unopenedAt[(shard.Name, shard.Address)] = _failedAt;
            }

            return;
        }

        foreach (var shard in ToOpen(view))
        {
            if (_probes.TryGetValue((shard.Name, shard.Address), out var probe))
            {
                probe.Opened(shard.Label);
            }
        }

        _lost.Clear();
        _missed.Clear();
        _logsLookedAt = null;
        _active = view;
        _fullLabels.RemoveWhere(label => view.Shards.All(shard => shard.Label != label));
        Report($"view {view.Number} is active");
    }

    private void Beat()
    {
        var beat = new KeeperBeat(_options.Run, _latest?.Number ?? 0, _active?.Number ?? 0, Warm)
        {
            WarmedRows = _warmedRows,
            WarmingRows = _warmingRows,
            Waiting = _waiting,
        };
        var isNews = _told is null || beat.LatestView != _told.LatestView || beat.ActiveView != _told.ActiveView || !beat.Warm.SequenceEqual(_told.Warm);
        if (isNews || _time.GetElapsedTime(_toldAt) >= _limits.Beat)
        {
            (_told, _toldAt) = (beat, _time.GetTimestamp());
            _options.Bus.Tell(beat);
        }
    }
}
