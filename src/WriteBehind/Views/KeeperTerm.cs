using System.Threading.Channels;
using Mjolnir.Core;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.WriteBehind.Views;

/// <summary>
/// One term of the keeper of the view: from becoming leader to losing that. It begins knowing nothing, so it does not matter what the keeper before left half done.
/// <code>
/// notices, probes, store ──► round: look ─► seal who is dead ─► make the next view, if there is a cause (ViewPlan)
///        ▲                              └─► open the latest view, when every log is drained through it ─► warm
///        └──────────────────── wait for news, a beat at most ◄─────────────────────┘
/// </code>
/// One loop owns all state. What takes long (sealing, opening, warming) runs beside it and is looked at in each round.
/// </summary>
internal sealed partial class KeeperTerm : IAsyncDisposable
{
    private const int MostNoticesWaiting = 4096;

    private readonly ViewKeeperOptions _options;
    private readonly KeeperLimits _limits;
    private readonly TimeProvider _time;
    private readonly ClusterRegistry _registry;
    private readonly LogBook _book;
    private readonly ClusterPicture _picture;
    private readonly Dictionary<(string Name, string? Address), ShardProbe> _probes = [];
    private readonly HashSet<string> _fullLabels = new(StringComparer.Ordinal);
    private readonly Channel<ClusterNotice> _heard = Channel.CreateBounded<ClusterNotice>(new BoundedChannelOptions(MostNoticesWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Task? _newsArrived;
    private Task? _noticeArrived;
    private ClusterView? _latest;
    private ClusterView? _active;
    private long _latestMadeAt;
    private long _busIncarnation;
    private long? _viewsLookedAt;
    private long? _joinSince;
    private bool _isHigherNeeded;
    private long _failedAt;
    private (string Why, long ToldAt)? _outage;

    public KeeperTerm(ViewKeeperOptions options)
    {
        _options = options;
        _limits = options.Limits;
        _time = options.Time;
        _registry = new ClusterRegistry(options.Store);
        _book = new LogBook(options.Store);
        _picture = new ClusterPicture(options.Time, options.Limits);
        _busIncarnation = options.Bus.Incarnation;
    }

    /// <summary>Keeps the view until cancelled.</summary>
    /// <exception cref="Core.InvariantException">a rule of the protocol is broken</exception>
    /// <exception cref="Core.CorruptDataException">an object that everything depends on is damaged</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var listening = _options.Bus.Listen(notice => _heard.Writer.TryWrite(notice));

        // Says only that it is there: servers tell themselves at once, while the store is being looked at.
        Beat();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await RoundAsync(cancellationToken);
                _outage = null;
                await NewsAsync(cancellationToken);
            }
            catch (Exception fault) when (PassingFault.Is(fault))
            {
                ReportOutage(fault.Message);
                (_viewsLookedAt, _logsLookedAt) = (null, null);
                await Task.Delay(_limits.BackOff, _time, cancellationToken);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var probe in _probes.Values)
        {
            await probe.DisposeAsync();
        }

        await EndWarmingAsync();
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        Hear();
        await LookAtViewsAsync(cancellationToken);
        await LookAtLogsAsync(cancellationToken);
        await LookAtQueuesAsync(cancellationToken);
        await LookForSparesAsync(cancellationToken);
        await SealAsync(cancellationToken);
        await ProbeAsync(cancellationToken);
        await OpenAsync(cancellationToken);
        await PlanAsync(cancellationToken);
        await WarmAsync(cancellationToken);
        Beat();
    }

    private void Hear()
    {
        // Who is deaf himself judges nobody by his silence.
        if (_busIncarnation != _options.Bus.Incarnation || !_options.Bus.IsConnected)
        {
            _busIncarnation = _options.Bus.Incarnation;
            _picture.ListenAnew();
        }

        while (_heard.Reader.TryRead(out var notice))
        {
            Hear(notice);
        }
    }

    private void Hear(ClusterNotice notice)
    {
        switch (notice)
        {
            case ServerBeat beat:
                _picture.Hear(beat);
                HearLogs(beat);
                LookIfNewer(beat.View);
                break;
            case WorkerBeat beat:
                HearStored(beat);
                break;
            case KeeperBeat beat when beat.Run != _options.Run:
                LookIfNewer(Math.Max(beat.LatestView, beat.ActiveView));
                break;
            case ShardTrouble trouble:
                HearTrouble(trouble);
                break;
        }
    }

    /// <summary>Another keeper was at work, or still is: the registry tells what it made.</summary>
    private void LookIfNewer(long view)
    {
        if (view > (_latest?.Number ?? 0))
        {
            _viewsLookedAt = null;
        }
    }

    private void HearTrouble(ShardTrouble trouble)
    {
        if (_latest?.Shards.FirstOrDefault(shard => shard.Name == trouble.Shard && shard.Label == trouble.Label) is not { } shard)
        {
            return;
        }

        if (trouble.Reason == ShardTrouble.Full)
        {
            _fullLabels.Add(shard.Label);
        }

        if (_probes.TryGetValue((shard.Name, shard.Address), out var probe))
        {
            probe.Hurry();
        }
    }

    private async ValueTask LookAtViewsAsync(CancellationToken cancellationToken)
    {
        if (!IsDue(_viewsLookedAt, _limits.RegistryLook))
        {
            return;
        }

        var (latest, active) = await _registry.NewestViewsAsync(cancellationToken);
        _viewsLookedAt = _time.GetTimestamp();
        if (latest?.Number > (_latest?.Number ?? 0))
        {
            (_latest, _latestMadeAt, _isHigherNeeded) = (latest, _time.GetTimestamp(), false);
        }

        if (active?.Number > (_active?.Number ?? 0))
        {
            _active = active;
            foreach (var probe in _probes.Values)
            {
                probe.Forget();
            }
        }
    }

    /// <summary>A probe for each shard of the latest view, and for each that a live server offers.</summary>
    private async ValueTask ProbeAsync(CancellationToken cancellationToken)
    {
        var wanted = (_latest?.Shards ?? []).Concat(_picture.Fresh.Where(beat => beat.Shard.Length > 0).Select(beat => new ShardDescription(beat.Server, "", beat.Shard)))
            .DistinctBy(shard => (shard.Name, shard.Address)).ToDictionary(shard => (shard.Name, shard.Address));
        foreach (var (key, probe) in _probes.Where(probe => !wanted.ContainsKey(probe.Key) && _opening?.Walk is not { IsCompleted: false }).ToArray())
        {
            _probes.Remove(key);
            await probe.DisposeAsync();
        }

        foreach (var (key, shard) in wanted)
        {
            if (!_probes.TryGetValue(key, out var probe))
            {
                _probes.Add(key, probe = new ShardProbe(_options.Connect(shard), _time, _limits, News));
            }

            probe.Ask(cancellationToken);
        }
    }

    private ShardProbe ProbeOf(ShardDescription shard) => _probes[(shard.Name, shard.Address)];

    /// <summary>
    /// Makes the next view if there is a cause. While the latest is being opened, causes wait: that takes milliseconds, or fails. So they do while a shard was not yet looked at for the first time: a keeper that begins
    /// would else find shards that lost their memory together one after the other, and make a view for each.
    /// </summary>
    private async ValueTask PlanAsync(CancellationToken cancellationToken)
    {
        if (_probes.Values.Any(static probe => !probe.IsKnown))
        {
            return;
        }

        if (_opening?.Walk is { IsCompleted: false } || (_isHigherNeeded && _time.GetElapsedTime(_failedAt) < _limits.BackOff))
        {
            return;
        }

        var causes = Causes();
        if ((ViewPlan.Next(WithoutJoins(causes), _options.NewId) is null && !HasGathered(causes)) || ViewPlan.Next(causes, _options.NewId) is not { } next)
        {
            return;
        }

        if (await _registry.CreateViewAsync(next, cancellationToken) != CreateOutcome.Created)
        {
            _viewsLookedAt = null;
            News();
            return;
        }

        (_latest, _latestMadeAt, _isHigherNeeded, _isLossNew, _opening) = (next, _time.GetTimestamp(), false, false, null);
        Report($"made view {next.Number}: {string.Join(", ", next.Shards.Select(shard => shard.Name))}");
        News();
    }

    private ViewCauses Causes() => new()
    {
        Latest = _latest,
        Active = _active,
        Health = (_latest?.Shards ?? []).ToDictionary(shard => shard.Name, HealthOf),
        Offered = [.. _picture.Fresh.Where(beat => beat.Shard.Length > 0)
            .Select(beat => Offered(new ShardDescription(beat.Server, "", beat.Shard), beat.IsLeaving))],
        IsAllChanged = _isLossNew,
        NeedsHigher = _isHigherNeeded,
        Logs = _book.Open,
    };

    private OfferedShard Offered(ShardDescription shard, bool isLeaving) => new(shard.Name, shard.Address, ProbeOf(shard).IsReachable && !WasUnopened(shard), isLeaving);

    /// <summary>True if the shard could not be opened a moment ago (it is not run as a shard must be, say): for a while it is as good as gone, or it would keep all views from opening.</summary>
    private bool WasUnopened(ShardDescription shard) =>
        _unopenedAt.TryGetValue((shard.Name, shard.Address), out var at) && _time.GetElapsedTime(at) < _limits.OpenAgain;

    private ShardHealth HealthOf(ShardDescription shard)
    {
        var probe = ProbeOf(shard);
        var isOpen = _active?.Shards.Any(each => each.Label == shard.Label) ?? false;
        return probe.IsGone || WasUnopened(shard) ? ShardHealth.Gone
            : isOpen && (probe.BearsNot(shard.Label) || _fullLabels.Contains(shard.Label)) ? ShardHealth.Changed
            : ShardHealth.Good;
    }

    private static ViewCauses WithoutJoins(ViewCauses causes) =>
        causes with { Offered = [.. causes.Offered.Where(offer => causes.Latest?.Shards.Any(shard => shard.Name == offer.Name) ?? false)] };

    /// <summary>True when shards want to join and have waited for others.</summary>
    private bool HasGathered(ViewCauses causes)
    {
        if (!causes.Offered.Any(offer => offer.IsReachable && !offer.IsLeaving && !(causes.Latest?.Shards.Any(shard => shard.Name == offer.Name) ?? false)))
        {
            _joinSince = null;
            return false;
        }

        _joinSince ??= _time.GetTimestamp();
        return _time.GetElapsedTime(_joinSince.Value) >= _limits.JoinGather;
    }

    private bool IsDue(long? lastAt, TimeSpan interval) => lastAt is not { } at || _time.GetElapsedTime(at) >= interval;

    private void News() => _news.Writer.TryWrite(true);

    /// <summary>Waits for news, and a short while at most: silence is news too.</summary>
    private async Task NewsAsync(CancellationToken cancellationToken)
    {
        var isBusy = _seals.Count > 0 || _opening is not null || _probes.Values.Any(probe => !probe.IsReachable);
        _newsArrived = _newsArrived is { IsCompleted: false } ? _newsArrived : ArrivedAsync(_news.Reader, cancellationToken);
        _noticeArrived = _noticeArrived is { IsCompleted: false } ? _noticeArrived : ArrivedAsync(_heard.Reader, cancellationToken);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_newsArrived, _noticeArrived, PauseAsync(isBusy ? _limits.StoreLook : _limits.Beat / 2, waiting.Token));
        waiting.Cancel();
        _news.Reader.TryRead(out _);
    }

    // Each of these ends on the term's own context, also when it is cancelled: what ends elsewhere cannot be simulated. A wait for news goes on over many pauses: to throw a cancellation for each costs more than the rest of a round.
    private static async Task ArrivedAsync<T>(ChannelReader<T> reader, CancellationToken cancellationToken) => await reader.WaitToReadAsync(cancellationToken);

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        await Task.Delay(pause, _time, cancellationToken).ToItsEnd();

    private void Report(string what) => _options.Report(what);

    /// <summary>Not at each try: an outage may last for hours.</summary>
    private void ReportOutage(string why)
    {
        if (_outage?.Why != why || IsDue(_outage?.ToldAt, _limits.OutageToldAgain))
        {
            _outage = (why, _time.GetTimestamp());
            Report($"waits: {why}");
        }
    }
}
