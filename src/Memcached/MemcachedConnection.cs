using Mjolnir.Memcached.Connections;

namespace Mjolnir.Memcached;

/// <summary>
/// One connection to one memcached, shared by any number of callers. A pass is a list of operations that is answered as a whole; passes of all callers are
/// pipelined, in the order in which they were given.
/// </summary>
/// <remarks>
/// After a time-out, a protocol error or an end of the connection nothing is guessed: the socket is closed, every pass under way ends as unknown, the <see cref="Incarnation"/> rises, and
/// a new connection is made, with growing pauses. If nothing was under way, the next pass ends as unknown, unsent, so that callers learn of the loss. Passes that come later wait for
/// the new connection, no longer than <see cref="MemcachedLimits.Pass"/>.
/// </remarks>
public sealed class MemcachedConnection : IAsyncDisposable
{
    private readonly ConnectionCore _core;

    /// <summary>Begins to connect; a pass may be given at once.</summary>
    /// <param name="address">where the server listens</param>
    /// <param name="limits">null: the usual ones</param>
    /// <param name="time">what time-outs are measured by; null: the system's clock</param>
    /// <param name="continueInline">
    /// true: code that awaits a pass without a synchronization context goes on on the connection's reading thread, which saves a wake-up and stops all other
    /// answers meanwhile. Only for callers that soon return and never block.
    /// </param>
    public MemcachedConnection(MemcachedAddress address, MemcachedLimits? limits = null, TimeProvider? time = null, bool continueInline = false)
    {
        Address = address;
        Limits = limits ?? MemcachedLimits.Default;
        _core = new ConnectionCore(address, Limits, time ?? TimeProvider.System, new TicketPool(continueInline));
    }

    /// <summary>Where the server listens.</summary>
    public MemcachedAddress Address { get; }

    /// <summary>The connection's limits.</summary>
    public MemcachedLimits Limits { get; }

    /// <summary>From 1; rises with each loss of the connection, before any pass ends because of it.</summary>
    public long Incarnation => _core.Incarnation;

    /// <summary>True while there is a connection.</summary>
    public bool IsConnected => _core.IsConnected;

    /// <summary>Why the connection was lost or could not be made last; null if that never happened.</summary>
    public string? LastFault => _core.LastFault;

    /// <summary>
    /// Runs a pass. Does not throw for a lost connection: <see cref="IMemcachedPass.End"/> tells. Await the task once, and soon after: it is used again.
    /// </summary>
    /// <exception cref="ObjectDisposedException">the connection was closed</exception>
    public ValueTask RunAsync(IMemcachedPass pass) => _core.Run(pass);

    /// <summary>Closes the connection; passes under way end as unknown.</summary>
    public ValueTask DisposeAsync() => new(_core.CloseAsync());
}
