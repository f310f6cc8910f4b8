using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Routing;

namespace Mjolnir.AppServer.Peers;

/// <summary>The links of a server to all others that it hears of: made when a server appears, ended when it is gone or comes back elsewhere.</summary>
public sealed class PeerLinks : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Peer> _peers = new(StringComparer.Ordinal);
    private readonly TransactionServer _local;
    private readonly ClusterMap _map;
    private readonly PeerHello _hello;
    private readonly KeyPredictor _predictor;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly List<Task> _ending = [];
    private bool _stopped;

    /// <summary>Begins to link to the servers on the map.</summary>
    /// <param name="local">this server's transactions; its name is ours</param>
    /// <param name="map">where the others are</param>
    /// <param name="clusterToken">what they know too</param>
    /// <param name="predictor">learns from calls that were passed on</param>
    /// <param name="time">clock and timers</param>
    /// <param name="logs">where to log</param>
    public PeerLinks(TransactionServer local, ClusterMap map, string clusterToken, KeyPredictor predictor, TimeProvider time, ILoggerFactory logs)
    {
        (_local, _map, _predictor, _time) = (local, map, predictor, time);
        _hello = new PeerHello(local.Name, clusterToken);
        _log = logs.CreateLogger("Mjolnir.Peers");
        map.Changed += Follow;
        Follow(map.Picture);
    }

    /// <summary>What was passed on.</summary>
    public PeerCounters Counters { get; } = new();

    /// <summary>Servers that calls can be passed to just now.</summary>
    public int Connected => _peers.Values.Count(static peer => peer.Transactions.IsConnected);

    /// <summary>The way to a server; null if it is this one, or cannot be reached, or takes no calls.</summary>
    internal PeerTransactions? To(string server) =>
        _peers.TryGetValue(server, out var peer) && peer is { IsReady: true, Transactions.IsConnected: true } ? peer.Transactions : null;

    /// <summary>The way to any server that takes calls; null if there is none.</summary>
    internal PeerTransactions? ToAny() => _peers.Values.FirstOrDefault(static peer => peer is { IsReady: true, Transactions.IsConnected: true })?.Transactions;

    /// <summary>What each other server on the map has answered; null for one that cannot be asked just now.</summary>
    /// <param name="user">whose writes are asked for; null: nobody's</param>
    /// <param name="cancellationToken">ends the wait</param>
    public async ValueTask<IReadOnlyDictionary<string, PeerMarks?>> MarksAsync(string? user, CancellationToken cancellationToken)
    {
        var peers = _peers.ToArray();
        var marks = await Task.WhenAll(peers.Select(peer => peer.Value.Link.MarksAsync(user, cancellationToken).AsTask()));
        return peers.Zip(marks).ToDictionary(static told => told.First.Key, static told => told.Second);
    }

    /// <summary>Ends all links.</summary>
    public async ValueTask DisposeAsync()
    {
        _map.Changed -= Follow;
        Task[] ending;
        lock (_gate)
        {
            _stopped = true;
            foreach (var name in _peers.Keys)
            {
                Drop(name);
            }

            ending = [.. _ending];
        }

        await Task.WhenAll(ending);
    }

    private void Follow(ClusterPicture picture)
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _ending.RemoveAll(static task => task.IsCompleted);
            foreach (var gone in _peers.Keys.Except(picture.Servers.Select(static server => server.Name)))
            {
                Drop(gone);
            }

            foreach (var server in picture.Servers)
            {
                Take(server);
            }
        }
    }

    private void Take(KnownServer server)
    {
        if (server.Name == _local.Name || server.Peer.Length == 0)
        {
            return;
        }

        if (_peers.TryGetValue(server.Name, out var known))
        {
            if (known.Address == server.Peer && known.Run == server.Run)
            {
                known.IsReady = server.IsReady;
                return;
            }

            Drop(server.Name);
        }

        var link = new PeerLink(_hello, server.Name, server.Peer, _time, _log);
        _peers[server.Name] = new Peer(link, new PeerTransactions(link, _local, _predictor, _time, Counters), server.Peer, server.Run) { IsReady = server.IsReady };
    }

    private void Drop(string name)
    {
        if (_peers.TryRemove(name, out var peer))
        {
            _ending.Add(peer.Link.DisposeAsync().AsTask());
        }
    }

    private sealed class Peer(PeerLink link, PeerTransactions transactions, string address, string run)
    {
        private volatile bool _isReady;

        public PeerLink Link { get; } = link;

        public PeerTransactions Transactions { get; } = transactions;

        public string Address { get; } = address;

        public string Run { get; } = run;

        public bool IsReady
        {
            get => _isReady;
            set => _isReady = value;
        }
    }
}
