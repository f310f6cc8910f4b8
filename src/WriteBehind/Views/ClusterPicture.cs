using Mjolnir.Storage.Cluster;

namespace Mjolnir.WriteBehind.Views;

/// <summary>A log that is to be sealed.</summary>
/// <param name="Log">the log</param>
/// <param name="IsKnownDead">its process is known to be gone, so nobody has to be waited for</param>
internal readonly record struct LogToSeal(string Log, bool IsKnownDead);

/// <summary>
/// What the keeper knows of servers from their beats. Silence only counts from when it could have heard them: whoever becomes keeper, or was cut off from the bus, waits a whole patience again.
/// </summary>
internal sealed class ClusterPicture(TimeProvider time, KeeperLimits limits)
{
    private readonly Dictionary<string, (ServerBeat Beat, long At)> _servers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _claimed = new(StringComparer.Ordinal);
    private long _listensSince = time.GetTimestamp();

    /// <summary>The last beats of servers that are not silent, in order of their names.</summary>
    public IReadOnlyList<ServerBeat> Fresh =>
        [.. _servers.Values.Where(server => !IsOver(server.At)).Select(server => server.Beat).OrderBy(beat => beat.Server, StringComparer.Ordinal)];

    /// <summary>Beats may have been missed: nobody is judged by the silence up to now.</summary>
    public void ListenAnew() => _listensSince = time.GetTimestamp();

    public void Hear(ServerBeat beat)
    {
        var now = time.GetTimestamp();
        _servers[beat.Server] = (beat, now);
        if (beat.Log.Length > 0)
        {
            _claimed[beat.Log] = now;
        }
    }

    /// <summary>A log was found in the registry: its server has the whole patience to claim it.</summary>
    public void Know(string log) => _claimed.TryAdd(log, time.GetTimestamp());

    /// <summary>Which of these logs nobody claims any more.</summary>
    public IEnumerable<LogToSeal> Unclaimed(IEnumerable<string> logs)
    {
        var fresh = Fresh;
        var dead = fresh.SelectMany(beat => beat.DeadLogs).ToHashSet(StringComparer.Ordinal);
        foreach (var log in logs)
        {
            if (dead.Contains(log) || (_claimed.TryGetValue(log, out var at) && IsOver(at)))
            {
                yield return new LogToSeal(log, dead.Contains(log));
            }
        }
    }

    /// <summary>Logs of live servers that have not crossed to this view, though they had the time to.</summary>
    public IEnumerable<LogToSeal> NotCrossed(long view, long madeAt) =>
        time.GetElapsedTime(Math.Max(madeAt, _listensSince)) < limits.CrossPatience
            ? []
            : Fresh.Where(beat => beat.Log.Length > 0 && beat.View < view).Select(beat => new LogToSeal(beat.Log, false));

    private bool IsOver(long heardAt) => time.GetElapsedTime(Math.Max(heardAt, _listensSince)) > limits.BeatPatience;
}
