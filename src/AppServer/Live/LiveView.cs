using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Live;

/// <summary>
/// One page as one user sees it, shared by all their windows (and by everybody who is not signed in): rendered once per burst of changes and sent to each connection as the difference to what
/// that connection has. However fast its rows change, at most one rendering is under way and one more is due.
/// </summary>
internal sealed class LiveView(ServedApplication application, Page page, string? user, LiveRenderer renderer)
{
    private const int Idle = 0;
    private const int Rendering = 1;
    private const int RenderingAgain = 2;

    private readonly HashSet<LiveConnection> _connections = [];
    private readonly HashSet<RowKey> _rows = [];
    private IReadOnlyList<string>? _latest;
    private int _state;
    private bool _closed;

    public ServedApplication Application { get; } = application;

    public Page Page { get; } = page;

    public string? User { get; } = user;

    /// <summary>The newest values of the page's templates; null until first rendered. A new list each time, so that a connection knows by reference what it has.</summary>
    public IReadOnlyList<string>? Latest => Volatile.Read(ref _latest);

    /// <summary>Rendering it failed for good: its connections are being closed, and nobody joins it any more.</summary>
    public bool IsBroken { get; private set; }

    public bool IsEmpty
    {
        get
        {
            lock (_connections)
            {
                return _connections.Count == 0;
            }
        }
    }

    public void Add(LiveConnection connection)
    {
        lock (_connections)
        {
            _connections.Add(connection);
        }
    }

    public void Remove(LiveConnection connection)
    {
        lock (_connections)
        {
            _connections.Remove(connection);
        }
    }

    /// <summary>A row it shows has changed, or it has never been rendered. Returns at once.</summary>
    public void MarkChanged()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == RenderingAgain)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
            {
                if (state == Idle)
                {
                    renderer.Start(this);
                }

                return;
            }
        }
    }

    /// <summary>After a rendering: true if another is due.</summary>
    public bool IsDueAgain()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Rendering) == Rendering)
        {
            return false;
        }

        Volatile.Write(ref _state, Rendering);
        return true;
    }

    /// <summary>Takes a rendering's values; watches what it read. True if a change may have been missed meanwhile.</summary>
    public bool Take(RenderedTemplates rendered, WatchedRows watched, long changesBefore)
    {
        var grown = WatchExactly(rendered.Rows, watched);
        if (Latest is not { } latest || !latest.SequenceEqual(rendered.Values))
        {
            Volatile.Write(ref _latest, rendered.Values);
            ForEach(static connection => connection.Wake());
        }

        return grown && watched.Changes != changesBefore;
    }

    /// <summary>Its last connection has gone: watches nothing more, ever.</summary>
    public void Close(WatchedRows watched)
    {
        lock (_rows)
        {
            _closed = true;
            foreach (var key in _rows)
            {
                watched.Unwatch(key, this);
            }

            _rows.Clear();
        }
    }

    /// <summary>Gives up: the browsers connect again when they like.</summary>
    public void Break()
    {
        IsBroken = true;
        ForEach(static connection => connection.Close(LiveClose.Failed));
    }

    public void ForEach(Action<LiveConnection> action)
    {
        LiveConnection[] connections;
        lock (_connections)
        {
            connections = [.. _connections];
        }

        foreach (var connection in connections)
        {
            action(connection);
        }
    }

    private bool WatchExactly(IReadOnlyList<RowKey> rows, WatchedRows watched)
    {
        lock (_rows)
        {
            if (_closed)
            {
                return false;
            }

            var grown = false;
            foreach (var key in rows)
            {
                if (_rows.Add(key))
                {
                    watched.Watch(key, this);
                    grown = true;
                }
            }

            if (_rows.Count > rows.Count)
            {
                UnwatchOthers(rows, watched);
            }

            return grown;
        }
    }

    private void UnwatchOthers(IReadOnlyList<RowKey> rows, WatchedRows watched)
    {
        var wanted = rows.ToHashSet();
        _rows.RemoveWhere(key =>
        {
            var gone = !wanted.Contains(key);
            if (gone)
            {
                watched.Unwatch(key, this);
            }

            return gone;
        });
    }
}
