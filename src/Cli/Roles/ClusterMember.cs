using System.Collections.Concurrent;
using System.Threading.Channels;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Cli.Roles;

/// <summary>Who an app server is, for the others.</summary>
/// <param name="Server">its V-stack's name</param>
/// <param name="Run">random id of this run</param>
/// <param name="Http">URL of its HTTP</param>
/// <param name="Peer">where calls are passed to it</param>
/// <param name="Shard">address of its memcached</param>
internal sealed record MemberIdentity(string Server, string Run, string Http, string Peer, string Shard);

/// <summary>
/// An app server as a member of the cluster: it tells itself by beats, and follows the views that the keeper makes.
/// <code>
/// a newer view was made ─► cross to it (VIEW in the own log)
/// a newer view is open  ─► take a fresh snapshot of the store, then use the slots that it gave away (W7)
/// </code>
/// </summary>
internal sealed class ClusterMember : IAsyncDisposable
{
    private readonly MemberIdentity _identity;
    private readonly IClusterBus _bus;
    private readonly RegistryViews _views;
    private readonly FormerLogs _former;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly IDisposable _listening;
    private readonly IDisposable _feed;
    private readonly ITimer _beat;
    private readonly Lateness _lateness;
    private readonly ShardPresence _presence;
    private readonly ConcurrentDictionary<string, ServerBeat> _beats = new(StringComparer.Ordinal);
    private TransactionServer? _server;
    private ClusterRows? _rows;
    private Task _following = Task.CompletedTask;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _keeper = "";
    private long _keeperHeard;
    private long _latest;
    private long _active;
    private volatile bool _isReady;
    private volatile bool _isLeaving;

    public ClusterMember(MemberIdentity identity, IClusterBus bus, RegistryViews views, StoredMarks stored, FormerLogs former, TimeProvider time)
    {
        (_identity, _bus, _views, _former, _time) = (identity, bus, views, former, time);
        _listening = bus.Listen(notice => Hear(notice, stored));
        _feed = bus.Subscribe(notice => ForgetSealed(notice));
        _lateness = new Lateness(time, bus.TakeLongestWay, what => Troubled?.Invoke(what));
        _presence = new ShardPresence(identity.Server, identity.Shard, time, what => Troubled?.Invoke(what));
        _beat = time.CreateTimer(_ => BeatInTime(), null, TimeSpan.Zero, ClusterLimits.Beat);
    }

    /// <summary>Told of what goes wrong and is tried again.</summary>
    public event Action<string>? Troubled;

    /// <summary>Told, over and over, of an object of the store that is damaged and without which no newer view can be used. It is looked at again: it may be put back.</summary>
    public event Action<CorruptDataException>? Damaged;

    /// <summary>Completes when the shard of this server is out of the view, after it asked to leave.</summary>
    public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>After the server has crossed to a view.</summary>
    public event Action<ClusterView>? Crossed;

    /// <summary>Completes with the fault if following the views fails for good: the process must end.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>A keeper of the view was heard lately.</summary>
    public bool HasKeeper => Interlocked.Read(ref _keeperHeard) is > 0 and var heard && _time.GetElapsedTime(heard) < ClusterLimits.BeatPatience;

    /// <summary>Whether a server said last that it wants to leave.</summary>
    public bool IsLeaving(string server) => _beats.TryGetValue(server, out var beat) && beat.IsLeaving;

    /// <summary>The newest view that a server said it has crossed to; 0 if it was never heard.</summary>
    public long ViewOf(string server) => _beats.TryGetValue(server, out var beat) ? beat.View : 0;

    /// <summary>The log that a server said last is its present one; empty if it was never heard.</summary>
    public string LogOf(string server) => _beats.TryGetValue(server, out var beat) ? beat.Log : "";

    /// <summary>Waits until there is an open view.</summary>
    /// <returns>its number</returns>
    public async Task<long> FirstViewAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await _views.TryLatestAsync(cancellationToken) is { Active: > 0 and var active })
            {
                return active;
            }

            await NewsAsync(cancellationToken);
        }
    }

    /// <summary>From now on the server is told of, and follows the views.</summary>
    public void Attach(TransactionServer server, ClusterRows rows)
    {
        (_server, _rows) = (server, rows);
        _following = FollowAsync();
        Beat();
    }

    /// <summary>Whether calls are taken.</summary>
    public void SetReady(bool isReady)
    {
        _isReady = isReady;
        Beat();
    }

    /// <summary>Asks for the shard to be taken out of the view.</summary>
    public void Leave()
    {
        _isLeaving = true;
        Beat();
        _news.Writer.TryWrite(true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beat.DisposeAsync();
        _listening.Dispose();
        _feed.Dispose();
        await _following;
        _stop.Dispose();
    }

    private void BeatInTime()
    {
        Beat();
        _lateness.Tick();
        if (_isReady && !_isLeaving && HasKeeper && _server?.View is { } view)
        {
            _presence.Judge(view);
        }
    }

    private void Beat() => _bus.Tell(new ServerBeat(
        _identity.Server,
        _identity.Run,
        _identity.Http,
        _identity.Peer,
        _identity.Shard,
        _server?.Log ?? "",
        _server?.Durable ?? 0,
        _server?.View.Number ?? 0,
        _isReady,
        _isLeaving,
        _former.Dead));

    private void Hear(ClusterNotice notice, StoredMarks stored)
    {
        switch (notice)
        {
            case KeeperBeat keeper:
                Interlocked.Exchange(ref _keeperHeard, _time.GetTimestamp());
                var isNews = Raise(ref _latest, keeper.LatestView) | Raise(ref _active, keeper.ActiveView);
                _rows?.Hear(keeper.Warm);
                Greet(keeper.Run);
                if (isNews)
                {
                    _news.Writer.TryWrite(true);
                }

                break;
            case WorkerBeat worker:
                stored.Hear(worker);
                break;
            case ServerBeat beat:
                _beats[beat.Server] = beat;
                if (beat.Run != _identity.Run && beat.Log.Length > 0)
                {
                    // A notice of its batches that was lost is made good by its beat.
                    _server?.Hear(new CommitNotice(beat.Log, beat.Durable, []));
                }

                break;
        }
    }

    /// <summary>A keeper that begins knows nobody: it hears of this server at once, and of the logs that it knows to be dead, not by the next beat.</summary>
    private void Greet(string keeper)
    {
        if (_keeper != keeper)
        {
            _keeper = keeper;
            Beat();
        }
    }

    private void ForgetSealed(CommitNotice notice)
    {
        if (notice.Sealed)
        {
            _former.Forget(notice.Log);
        }
    }

    /// <summary>The keeper beats twice a second; one that is missed is made good by the next.</summary>
    private async Task NewsAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(RoleLimits.RegistryLook, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await _news.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody told anything for a while: look all the same.
        }
    }

    private async Task FollowAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                await _news.Reader.ReadAsync(_stop.Token);
                await FollowNewsAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception fault)
        {
            _failed.TrySetResult(fault);
        }
    }

    private async Task FollowNewsAsync()
    {
        for (var wait = RoleLimits.FirstBackOff; ; wait = RoleLimits.Longer(wait))
        {
            try
            {
                await CrossAsync();
                await ActivateAsync();
                return;
            }
            catch (StoreUnavailableException fault)
            {
                Troubled?.Invoke($"the store does not answer ({fault.Message}); the view is looked at again");
            }
            catch (CorruptDataException fault)
            {
                // What is in memory is served on; slots that moved wait.
                Damaged?.Invoke(fault);
            }

            await Task.Delay(wait, _time, _stop.Token);
        }
    }

    private async Task CrossAsync()
    {
        if (Interlocked.Read(ref _latest) > _server!.View.Number)
        {
            await CrossToAsync((await _views.LatestAsync(_stop.Token)).View).WaitAsync(_stop.Token);
            Crossed?.Invoke(_server.View);
            Beat();
        }
    }

    /// <summary>Ends where its caller is, not on the lane.</summary>
    private async Task CrossToAsync(ClusterView view) => await _server!.CrossAsync(view);

    private async Task ActivateAsync()
    {
        var active = Interlocked.Read(ref _active);
        if (active > _views.Opened)
        {
            // Manifests are read after the view became active, and only then its slots are used (W7).
            await _rows!.RefreshAsync(_stop.Token);
            _views.Opened = active;
            _server!.Activate(active);
            await _views.KeepOnlyAsync(_server.View);
            Beat();
        }

        if (_isLeaving && _server!.View.Number == active && !_server.View.Shards.Any(shard => shard.Name == _identity.Server))
        {
            Left.TrySetResult();
        }
    }

    private static bool Raise(ref long known, long told)
    {
        while (Interlocked.Read(ref known) is var before && told > before)
        {
            if (Interlocked.CompareExchange(ref known, told, before) == before)
            {
                return true;
            }
        }

        return false;
    }
}
