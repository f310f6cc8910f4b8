using System.Globalization;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.AppServer.Routing;

/// <summary>
/// What a server knows of its cluster: the view it uses, and the servers by their beats. A silent server is shown as not ready, later not at all. Silence counts only
/// while others are heard: when the bus itself is broken nobody is judged. Thread-safe.
/// </summary>
public sealed class ClusterMap : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Heard> _servers = new(StringComparer.Ordinal);
    private readonly IClusterBus _bus;
    private readonly TimeProvider _time;
    private readonly string _run;
    private readonly IDisposable _listening;
    private readonly ITimer _timer;
    private ClusterPicture _picture;
    private long _pictures;
    private long _incarnation;
    private long _hearingSince;
    private long _lastHeard;

    /// <summary>Begins to listen.</summary>
    /// <param name="run">random id of this process's run: versions of pictures of two runs are never the same</param>
    /// <param name="view">the view used first</param>
    /// <param name="bus">where beats are heard</param>
    /// <param name="time">the clock by which silence is judged</param>
    public ClusterMap(string run, ClusterView view, IClusterBus bus, TimeProvider time)
    {
        (_run, _bus, _time) = (run, bus, time);
        _incarnation = bus.Incarnation;
        _hearingSince = _lastHeard = time.GetTimestamp();
        _picture = new ClusterPicture(NextVersion(), view, []);
        _listening = bus.Listen(Hear);
        _timer = time.CreateTimer(_ => Judge(), null, ClusterLimits.Beat, ClusterLimits.Beat);
    }

    /// <summary>Raised after <see cref="Picture"/> changed; one call at a time, on any thread: be quick.</summary>
    public event Action<ClusterPicture>? Changed;

    /// <summary>The newest picture.</summary>
    public ClusterPicture Picture => Volatile.Read(ref _picture);

    /// <summary>The view that the server has crossed to; an older one than shown changes nothing, so it may be told as often as one likes.</summary>
    public void Use(ClusterView view)
    {
        lock (_gate)
        {
            if (view.Number > _picture.View.Number)
            {
                Show(view, Servers());
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listening.Dispose();
        _timer.Dispose();
    }

    private void Hear(ClusterNotice notice)
    {
        lock (_gate)
        {
            NoteIncarnation();
            _lastHeard = _time.GetTimestamp();
            if (notice is ServerBeat beat)
            {
                _servers[beat.Server] = new Heard(beat, _lastHeard);
                ShowIfNew();
            }
        }
    }

    private void Judge()
    {
        lock (_gate)
        {
            NoteIncarnation();
            foreach (var (name, heard) in _servers)
            {
                if (SilenceOf(heard) > AppServerLimits.SilentServerShown)
                {
                    _servers.Remove(name);
                }
            }

            ShowIfNew();
        }
    }

    private void NoteIncarnation()
    {
        if (_bus.Incarnation is var incarnation && incarnation != _incarnation)
        {
            _incarnation = incarnation;
            _hearingSince = _lastHeard = _time.GetTimestamp();
        }
    }

    /// <summary>How long a server has said nothing while somebody was heard.</summary>
    private TimeSpan SilenceOf(Heard heard)
    {
        var since = Math.Max(heard.At, _hearingSince);
        return since >= _lastHeard ? TimeSpan.Zero : _time.GetElapsedTime(since, _lastHeard);
    }

    private List<KnownServer> Servers() =>
        [.. _servers.Values.OrderBy(static heard => heard.Beat.Server, StringComparer.Ordinal).Select(heard => new KnownServer(
            heard.Beat.Server, heard.Beat.Run, heard.Beat.Http, heard.Beat.Peer, heard.Beat.IsReady && SilenceOf(heard) <= ClusterLimits.BeatPatience))];

    private void ShowIfNew()
    {
        var servers = Servers();
        if (!servers.SequenceEqual(_picture.Servers))
        {
            Show(_picture.View, servers);
        }
    }

    private void Show(ClusterView view, IReadOnlyList<KnownServer> servers)
    {
        var before = _picture;
        Volatile.Write(ref _picture, new ClusterPicture(NextVersion(), view, servers));
        before.Supersede();
        Changed?.Invoke(_picture);
    }

    private string NextVersion() => string.Create(CultureInfo.InvariantCulture, $"{_run}-{++_pictures}");

    private readonly record struct Heard(ServerBeat Beat, long At);
}
