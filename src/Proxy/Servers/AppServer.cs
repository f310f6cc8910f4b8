using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Mjolnir.Proxy.Servers;

/// <summary>What is known of a server.</summary>
internal enum ServerState
{
    /// <summary>Nothing yet.</summary>
    Unknown,

    /// <summary>It takes calls.</summary>
    Ready,

    /// <summary>It is there and says that it takes none.</summary>
    NotReady,

    /// <summary>It cannot be reached, or does not answer.</summary>
    Down,
}

/// <summary>An app server as this proxy sees it: its state and its connections for calls.</summary>
internal sealed class AppServer : IDisposable
{
    private readonly ProxyLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly EndPoint _address;
    private readonly Lock _gate = new();
    private readonly List<ServerConnection> _all = [];
    private readonly Stack<ServerConnection> _idle = [];
    private int _state;
    private long _ownWord;
    private int _connecting;
    private bool _disposed;

    public AppServer(string name, Uri url, ProxyLimits limits, TimeProvider time, ILogger log)
    {
        (Name, Url, _limits, _time, _log) = (name, url, limits, time, log);
        _address = IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) ? new IPEndPoint(address, url.Port) : new DnsEndPoint(url.Host, url.Port);
        Prefix = url.GetLeftPart(UriPartial.Authority);
    }

    public string Name { get; }

    public Uri Url { get; }

    /// <summary><c>http://host:port</c></summary>
    public string Prefix { get; }

    public ServerState State => (ServerState)Volatile.Read(ref _state);

    public bool IsReady => State == ServerState.Ready;

    /// <summary>Whether another server, or itself, last told that it is ready.</summary>
    public bool IsToldReady { get; set; }

    /// <summary>Questions whether it is ready: kept by <see cref="ServerWatch"/> only.</summary>
    public ProbeState Probe { get; } = new();

    /// <summary>Connections under way and idle.</summary>
    public (int Busy, int Idle) Connections
    {
        get
        {
            lock (_gate)
            {
                return (_all.Count - _idle.Count, _idle.Count);
            }
        }
    }

    /// <summary>It was found not to answer; nothing is sent to it until it does.</summary>
    public void SetDown(string reason)
    {
        if (Interlocked.Exchange(ref _state, (int)ServerState.Down) != (int)ServerState.Down)
        {
            Probe.Restart();
            ProxyLog.ServerDown(_log, Name, Url, reason);
        }
    }

    /// <summary>It answered itself whether it is ready: that counts more than what anybody else tells.</summary>
    public void SetAnswered(bool ready)
    {
        Volatile.Write(ref _ownWord, _time.GetTimestamp());
        Set(ready);
    }

    /// <summary>
    /// The cluster's servers told. They hear of a server later than who asks it, and not all the same: what it said itself a moment ago stands, and it is asked again at once. That a server which starts is still not
    /// told as ready is no news.
    /// </summary>
    public void SetTold(bool ready)
    {
        var isNews = ready != IsToldReady;
        IsToldReady = ready;
        if (State == ServerState.Unknown)
        {
            Set(ready);
        }
        else if (isNews && ready != IsReady)
        {
            Probe.AskNow();
            if (State != ServerState.Down && IsOwnWordOld())
            {
                Set(ready);
            }
        }
    }

    /// <summary>A connection to send on; null if it cannot be reached (it is down then) or all its connections are busy: nothing was sent.</summary>
    public ValueTask<ServerConnection?> RentAsync()
    {
        while (true)
        {
            ServerConnection? connection;
            lock (_gate)
            {
                if (!_idle.TryPop(out connection))
                {
                    if (_disposed || _all.Count + _connecting >= _limits.ConnectionsPerServer)
                    {
                        return default;
                    }

                    _connecting++;
                    break;
                }
            }

            if (!connection.IsStale())
            {
                return new(connection);
            }

            Drop(connection);
        }

        return ConnectAsync();
    }

    /// <summary>Gives a connection back, or ends it.</summary>
    public void Return(ServerConnection connection)
    {
        if (!connection.IsReusable)
        {
            Drop(connection);
            return;
        }

        connection.Shrink();
        connection.LastUsed = _time.GetTimestamp();
        lock (_gate)
        {
            if (!_disposed)
            {
                _idle.Push(connection);
                return;
            }
        }

        Drop(connection);
    }

    /// <summary>Ends what took too long, connections that nobody used for long, and all that wait for a server that is gone.</summary>
    public void Sweep()
    {
        var now = _time.GetTimestamp();
        var isGone = State == ServerState.Down && !IsToldReady;
        List<ServerConnection>? old = null;
        lock (_gate)
        {
            foreach (var connection in _all)
            {
                connection.Expire(now);
                if (isGone)
                {
                    connection.GiveUp();
                }
            }

            if (_idle.Count > 0 && IsOld(_idle.Last(), now))
            {
                old = TakeOld(now);
            }
        }

        old?.ForEach(Drop);
    }

    public void Dispose()
    {
        ServerConnection[] idle;
        lock (_gate)
        {
            _disposed = true;
            idle = [.. _idle];
            _idle.Clear();
        }

        Array.ForEach(idle, Drop);
    }

    private void Set(bool ready)
    {
        var state = ready ? ServerState.Ready : ServerState.NotReady;
        if (Interlocked.Exchange(ref _state, (int)state) != (int)state)
        {
            ProxyLog.ServerUp(_log, Name, Url, ready ? "ready" : "not ready");
        }
    }

    /// <summary>A server that answers does so once in each <see cref="ProxyLimits.Probe"/>: one whose word is older is frozen, or was never asked.</summary>
    private bool IsOwnWordOld()
    {
        var said = Volatile.Read(ref _ownWord);
        return said == 0 || _time.GetElapsedTime(said) > _limits.Probe + ProxyLimits.Tick;
    }

    private bool IsOld(ServerConnection connection, long now) => _time.GetElapsedTime(connection.LastUsed, now) > _limits.IdleServerConnection;

    /// <summary>The newest are on top.</summary>
    private List<ServerConnection> TakeOld(long now)
    {
        var old = _idle.Where(connection => IsOld(connection, now)).ToList();
        var kept = _idle.Take(_idle.Count - old.Count).Reverse().ToList();
        _idle.Clear();
        kept.ForEach(_idle.Push);
        return old;
    }

    private async ValueTask<ServerConnection?> ConnectAsync()
    {
        ServerConnection? connection = null;
        try
        {
            connection = await ServerConnection.ConnectAsync(_address, _limits);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            SetDown(e is SocketException ? e.Message : $"no connection within {_limits.Connect.TotalSeconds} s");
        }

        lock (_gate)
        {
            _connecting--;
            if (connection is not null)
            {
                connection.Place = _all.Count;
                _all.Add(connection);
            }
        }

        return connection;
    }

    private void Drop(ServerConnection connection)
    {
        lock (_gate)
        {
            var last = _all[^1];
            (_all[connection.Place], last.Place) = (last, connection.Place);
            _all.RemoveAt(_all.Count - 1);
        }

        connection.Dispose();
    }
}

/// <summary>When a server is asked again whether it is ready.</summary>
internal sealed class ProbeState
{
    /// <summary>Timestamp from which it is due; 0: at once.</summary>
    public long Due { get; set; }

    /// <summary>Answers missed in a row.</summary>
    public int Failures { get; set; }

    /// <summary>A question is under way.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Asks with the next tick, however long the pause was to be.</summary>
    public void AskNow() => Due = 0;

    /// <summary>Asks soon again.</summary>
    public void Restart() => (Due, Failures) = (0, 0);
}
