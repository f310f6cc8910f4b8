using System.Collections.Concurrent;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>A cluster as its bus tells it: the keeper's beats and the servers'.</summary>
public sealed class HeardCluster : IAuditedCluster, IDisposable
{
    private readonly ConcurrentDictionary<string, long> _warmThrough = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (string Log, long Durable, long HeardAt)> _servers = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly IDisposable _listening;
    private long _active;

    /// <summary>Begins to listen.</summary>
    public HeardCluster(IClusterBus bus, TimeProvider time)
    {
        _time = time;
        _listening = bus.Listen(Hear);
    }

    /// <inheritdoc/>
    public long ActiveView => Interlocked.Read(ref _active);

    /// <inheritdoc/>
    public bool IsWarm(string label, long since) => _warmThrough.TryGetValue(label, out var through) && since <= through;

    /// <inheritdoc/>
    public long? DurableOf(string log)
    {
        foreach (var (told, durable, heardAt) in _servers.Values)
        {
            // Who is silent may have written more since: what it told last says nothing.
            if (told == log && _time.GetElapsedTime(heardAt) < ClusterLimits.BeatPatience)
            {
                return durable;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _listening.Dispose();

    private void Hear(ClusterNotice notice)
    {
        switch (notice)
        {
            case KeeperBeat beat:
                foreach (var warm in beat.Warm)
                {
                    _warmThrough.AddOrUpdate(warm.Label, warm.View, (_, known) => Math.Max(known, warm.View));
                }

                // A new keeper that has not looked yet tells an older view.
                Interlocked.Exchange(ref _active, Math.Max(_active, beat.ActiveView));
                break;
            case ServerBeat { Log.Length: > 0 } beat:
                _servers[beat.Server] = (beat.Log, beat.Durable, _time.GetTimestamp());
                break;
        }
    }
}
