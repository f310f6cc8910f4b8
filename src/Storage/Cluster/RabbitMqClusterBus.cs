using System.Buffers;
using System.Collections.Immutable;
using System.Threading.Channels;
using Mjolnir.Core;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Logs.RabbitMq;

namespace Mjolnir.Storage.Cluster;

/// <summary>
/// The bus of the classic stack: transient fanout exchanges, a bounded queue per process (docs/design/rabbitmq.md). What is told once per batch goes to those alone that want to hear it, and so does not cost every process of the cluster. One task sends what is told, many notices to a message when they come fast, and keeps the connection.
/// Own notices are given to own listeners at once; when they come back over the wire they only prove that the way is whole.
/// </summary>
public sealed class RabbitMqClusterBus : IClusterBus, IAsyncDisposable
{
    private readonly RabbitMqConnections _connections;
    private readonly RabbitMqNames _names;
    private readonly bool _hearsCommits;
    private readonly Action<Exception>? _report;
    private readonly ulong _self = (ulong)Random.Shared.NextInt64();
    private readonly InProcessCommitFeed _commits = new();
    private readonly Channel<object> _outgoing;
    private readonly Channel<ClusterNotice> _incoming;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _working;
    private ImmutableList<Action<ClusterNotice>> _listeners = [];
    private volatile RabbitMqBusSession? _session;
    private long _incarnation;
    private long _dropped;
    private long _undecoded;
    private long _unheardSince;
    private long _longestWay;

    /// <summary>Joins the bus of a cluster, in the background, and stays on it until disposed.</summary>
    /// <param name="connections">this process's; not disposed of by the bus</param>
    /// <param name="cluster">the cluster's name: letters, digits, <c>-</c></param>
    /// <param name="hearsCommits">commit notices of others are heard; ends of logs are by everybody</param>
    /// <param name="report">told of exceptions that listeners throw (a mistake of theirs), of each loss of the connection, and of the first message that is refused because a later release sent it; null: nobody is told</param>
    public RabbitMqClusterBus(RabbitMqConnections connections, string cluster, bool hearsCommits, Action<Exception>? report = null)
    {
        (_connections, _names, _hearsCommits, _report) = (connections, new RabbitMqNames(cluster), hearsCommits, report);
        _outgoing = Bounded<object>();
        _incoming = Bounded<ClusterNotice>();
        _working = Task.WhenAll(Task.Run(KeepAsync), Task.Run(DeliverAsync));
    }

    /// <inheritdoc/>
    public long Incarnation => Interlocked.Read(ref _incarnation);

    /// <inheritdoc/>
    public bool IsConnected => _session is { IsBlocked: false } && !IsDeaf(Interlocked.Read(ref _unheardSince));

    /// <inheritdoc/>
    public TimeSpan TakeLongestWay() => TimeSpan.FromTicks(Interlocked.Exchange(ref _longestWay, 0));

    /// <summary>Notices that were not sent, or not given to listeners, because too many waited or the way was broken.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Messages, or parts of them, that others sent and that this version does not understand.</summary>
    public long Undecoded => Interlocked.Read(ref _undecoded);

    /// <summary>Returns when the bus was joined for the first time: what was told before that is sent then, the newest of it.</summary>
    public Task ReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public void Announce(CommitNotice notice)
    {
        _commits.Announce(notice);
        Send(notice);
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<CommitNotice> receive) => _commits.Subscribe(receive);

    /// <inheritdoc/>
    public void Tell(ClusterNotice notice)
    {
        _incoming.Writer.TryWrite(notice);
        Send(notice);
    }

    /// <inheritdoc/>
    public IDisposable Listen(Action<ClusterNotice> receive)
    {
        ImmutableInterlocked.Update(ref _listeners, static (all, one) => all.Add(one), receive);
        return new Listening(this, receive);
    }

    /// <summary>Leaves the bus; what waits to be sent is not sent any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _incoming.Writer.TryComplete();
        await _working;
        _stop.Dispose();
    }

    private Channel<T> Bounded<T>() => Channel.CreateBounded<T>(
        new BoundedChannelOptions(RabbitMqClientLimits.OutgoingNotices) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
        _ => Interlocked.Increment(ref _dropped));

    private void Send(object notice)
    {
        // Before the first joining it is kept: a process that starts is to be heard as soon as it can be, and not half a second later by its next beat.
        if (_session is null && _ready.Task.IsCompleted)
        {
            Interlocked.Increment(ref _dropped);
        }
        else
        {
            _outgoing.Writer.TryWrite(notice);
        }
    }

    private async Task KeepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var session = await RabbitMqBusSession.OpenAsync(_connections.Bus, _names, _hearsCommits, Receive, _connections.Time, _stop.Token);
                Enter(session);
                await SendAsync(session);
            }
            catch (Exception exception) when (RabbitMqFaults.IsFault(exception))
            {
                _session = null;
                if (!_stop.IsCancellationRequested)
                {
                    _report?.Invoke(exception);
                    // Beside the connection's own, longer waits.
                    await Task.Delay(RabbitMqClientLimits.FirstBackOff, _connections.Time, _stop.Token).ToItsEnd();
                }
            }
        }

        _session = null;
    }

    private void Enter(RabbitMqBusSession session)
    {
        Interlocked.Exchange(ref _unheardSince, 0);
        Interlocked.Increment(ref _incarnation);
        // Under an alarm nobody could be heard, whether this process had something to say or not.
        session.OnUnblocked(() => Interlocked.Increment(ref _incarnation));
        _session = session;
        _ready.TrySetResult();
    }

    /// <summary>Sends until the connection ends, which it tells by an exception.</summary>
    private async Task SendAsync(RabbitMqBusSession session)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(session.Ended, _stop.Token);
        var message = new ArrayBufferWriter<byte>();
        while (true)
        {
            await _outgoing.Reader.WaitToReadAsync(either.Token);
            if (session.IsBlocked)
            {
                // Beats of yesterday would only mislead: what cannot be sent now is not kept.
                while (_outgoing.Reader.TryRead(out _))
                {
                    Interlocked.Increment(ref _dropped);
                }

                continue;
            }

            await SendWaitingAsync(session, message, either.Token);
        }
    }

    /// <summary>Sends what waits, as much to a message as it may hold, in the order in which it was told.</summary>
    private async Task SendWaitingAsync(RabbitMqBusSession session, ArrayBufferWriter<byte> message, CancellationToken cancellationToken)
    {
        var toEverybody = false;
        while (_outgoing.Reader.TryRead(out var notice))
        {
            if (toEverybody != IsForEverybody(notice))
            {
                await FlushAsync();
                toEverybody = !toEverybody;
            }

            foreach (var part in notice is CommitNotice commit ? RabbitMqBusCodec.Split(commit, RabbitMqClientLimits.NoticeBytes) : (IEnumerable<object>)[notice])
            {
                if (message.WrittenCount >= RabbitMqClientLimits.NoticeBytes)
                {
                    await FlushAsync();
                }

                Write(message, part);
            }
        }

        await FlushAsync();

        static bool IsForEverybody(object notice) => notice is not CommitNotice { Sealed: false };

        async ValueTask FlushAsync()
        {
            if (message.WrittenCount > 0)
            {
                if (toEverybody || _hearsCommits)
                {
                    Interlocked.CompareExchange(ref _unheardSince, _connections.Time.GetTimestamp(), 0);
                }

                await session.SendAsync(message.WrittenMemory, toEverybody, cancellationToken);
                message.ResetWrittenCount();
            }
        }
    }

    private void Write(ArrayBufferWriter<byte> message, object notice)
    {
        if (message.WrittenCount == 0)
        {
            RabbitMqBusCodec.WriteHeader(message, _self);
        }

        if (notice is CommitNotice commit)
        {
            RabbitMqBusCodec.Write(message, commit);
        }
        else
        {
            RabbitMqBusCodec.Write(message, (ClusterNotice)notice);
        }
    }

    /// <summary>Takes a message that came, on the connection's one dispatching task.</summary>
    private void Receive(ReadOnlyMemory<byte> message)
    {
        if (!RabbitMqBusCodec.TryReadSender(message.Span, out var sender))
        {
            Refuse(message.Span);
        }
        else if (sender == _self)
        {
            HearSelf();
        }
        else
        {
            Interlocked.Add(ref _undecoded, RabbitMqBusCodec.Read(message.Span, notice => Guard(_commits.Announce, notice), notice => _incoming.Writer.TryWrite(notice)));
        }
    }

    /// <summary>Whoever sent it goes on sending such, so it is told once and counted then.</summary>
    private void Refuse(ReadOnlySpan<byte> message)
    {
        if (Interlocked.Increment(ref _undecoded) == 1)
        {
            _report?.Invoke(RabbitMqBusCodec.Refusal(_names.Bus, message));
        }
    }

    private void HearSelf()
    {
        var since = Interlocked.Exchange(ref _unheardSince, 0);
        if (since != 0)
        {
            var took = _connections.Time.GetElapsedTime(since).Ticks;
            for (var longest = Interlocked.Read(ref _longestWay); took > longest; longest = Interlocked.Read(ref _longestWay))
            {
                Interlocked.CompareExchange(ref _longestWay, took, longest);
            }
        }

        if (IsDeaf(since))
        {
            Interlocked.Increment(ref _incarnation);
        }
    }

    private bool IsDeaf(long unheardSince) => unheardSince != 0 && _connections.Time.GetElapsedTime(unheardSince) > RabbitMqClientLimits.SelfPatience;

    private async Task DeliverAsync()
    {
        await foreach (var notice in _incoming.Reader.ReadAllAsync())
        {
            foreach (var receive in Volatile.Read(ref _listeners))
            {
                Guard(receive, notice);
            }
        }
    }

    /// <summary>A listener that throws breaks its promise: that is reported, and the bus goes on.</summary>
    private void Guard<T>(Action<T> receive, T notice)
    {
        try
        {
            receive(notice);
        }
        catch (Exception exception)
        {
            _report?.Invoke(exception);
        }
    }

    private sealed class Listening(RabbitMqClusterBus bus, Action<ClusterNotice> receive) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref bus._listeners, static (all, one) => all.Remove(one), receive);
    }
}
