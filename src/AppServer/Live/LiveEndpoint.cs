using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Live;

/// <summary><c>/_mjolnir/live</c>: takes WebSockets in, counts them, and ends those of a session that is signed out.</summary>
internal sealed class LiveEndpoint
{
    public static readonly Refusal UnknownType = new(400, "The message's type is not known.");
    public static readonly Refusal NoSuchHandler = new(404, "There is no such handler.");

    private static readonly object ExchangeKey = new();
    private static readonly Refusal NotWebSocket = new(400, "This address is for WebSockets.");
    private static readonly Refusal TooManyWindows = new(429, "Too many open windows.", AppServerLimits.RetryAfterSeconds);

    private readonly LiveContext _context;
    private readonly WebSocketMiddleware _handshake;
    private readonly ConcurrentDictionary<LiveConnection, bool> _connections = new();
    private readonly Dictionary<string, int> _perOwner = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _allGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;
    private int _count;

    public LiveEndpoint(LiveContext context, ILoggerFactory logs)
    {
        _context = context;
        var options = new WebSocketOptions { KeepAliveInterval = AppServerLimits.LivePing, KeepAliveTimeout = AppServerLimits.LivePong };
        _handshake = new WebSocketMiddleware(AcceptAsync, Options.Create(options), logs);
        context.Sessions.Ended += CloseSession;
    }

    public Task HandleAsync(HttpExchange exchange)
    {
        if (!RequestOrigin.IsSameSite(exchange))
        {
            return Problem.WriteAsync(exchange, Refusal.OtherSite);
        }

        exchange.Context.Items[ExchangeKey] = exchange;
        return _handshake.Invoke(exchange.Context);
    }

    /// <summary>The application was replaced while its author works on it.</summary>
    public void SendReload()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.SendReload();
        }
    }

    /// <summary>Says goodbye to all; those that do not answer in time are cut off.</summary>
    public async Task StopAsync(TimeProvider time)
    {
        _stopping = true;
        foreach (var connection in _connections.Keys)
        {
            connection.Close(LiveClose.Stopping);
        }

        if (!_connections.IsEmpty)
        {
            await Task.WhenAny(_allGone.Task, Task.Delay(AppServerLimits.LiveClose, time));
        }

        foreach (var connection in _connections.Keys)
        {
            connection.Abort();
        }
    }

    private async Task AcceptAsync(HttpContext http)
    {
        var exchange = (HttpExchange)http.Items[ExchangeKey]!;
        if (!http.WebSockets.IsWebSocketRequest)
        {
            await Problem.WriteAsync(exchange, NotWebSocket);
            return;
        }

        var session = exchange.Session(_context.Sessions);
        var address = RequestOrigin.Address(exchange);
        var owner = RateNames.Of(session, address);
        if (_stopping || !TryCount(owner))
        {
            await Problem.WriteAsync(exchange, TooManyWindows);
            return;
        }

        try
        {
            SessionCookie.RenewIfDue(exchange, session, _context.Sessions);
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            await RunAsync(new LiveConnection(socket, session, address, _context));
        }
        finally
        {
            Uncount(owner);
        }
    }

    private async Task RunAsync(LiveConnection connection)
    {
        _connections.TryAdd(connection, true);
        Interlocked.Increment(ref _context.Metrics.LiveConnections);
        try
        {
            // Signed out between the handshake and here: then the notice has missed this connection.
            if (connection.Session is { Revoked: true })
            {
                connection.Close(LiveClose.SignedOut);
            }

            await connection.RunAsync();
        }
        finally
        {
            Interlocked.Decrement(ref _context.Metrics.LiveConnections);
            _connections.TryRemove(connection, out _);
            if (_stopping && _connections.IsEmpty)
            {
                _allGone.TrySetResult();
            }
        }
    }

    private void CloseSession(string sessionId)
    {
        foreach (var connection in _connections.Keys)
        {
            if (connection.Session?.Id == sessionId)
            {
                connection.Close(LiveClose.SignedOut);
            }
        }
    }

    private bool TryCount(string owner)
    {
        lock (_perOwner)
        {
            var count = _perOwner.GetValueOrDefault(owner);
            if (_count >= AppServerLimits.LiveConnections || count >= AppServerLimits.LiveConnectionsPerUser)
            {
                return false;
            }

            _perOwner[owner] = count + 1;
            _count++;
            return true;
        }
    }

    private void Uncount(string owner)
    {
        lock (_perOwner)
        {
            _count--;
            if (--_perOwner[owner] == 0)
            {
                _perOwner.Remove(owner);
            }
        }
    }
}
