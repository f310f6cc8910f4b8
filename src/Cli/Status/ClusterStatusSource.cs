namespace Mjolnir.Cli.Status;

/// <summary>Looks at a cluster again and again: those that were named, and those that these know of.</summary>
internal sealed class ClusterStatusSource(ClusterPlace place) : IDisposable
{
    private readonly ClusterStatusReader _reader = new(place.Token, CliLimits.StatusPatience);
    private readonly Func<ClusterPlace>? _anew = place.Anew;
    private ClusterPlace _place = place;

    /// <summary>Learned so far, by name: one that does not answer any more is shown as such.</summary>
    private readonly SortedDictionary<string, string> _known = new(Comparer<string>.Create((one, other) =>
        one.Length != other.Length ? one.Length.CompareTo(other.Length) : string.CompareOrdinal(one, other)));

    public bool AnybodyAnswered { get; private set; }

    public async Task<ClusterStatus> LookAsync(CancellationToken cancellationToken)
    {
        LookAnew();
        var named = _known.Count > 0 ? [.. _known.Select(each => (each.Key, each.Value))] : _place.Servers;
        var first = await _reader.ReadAsync(named, _place.Workers, cancellationToken);
        AnybodyAnswered |= first.Answered.Any();
        return Learn(first) ? await _reader.ReadAsync(_known.Select(each => (each.Key, each.Value)), _place.Workers, cancellationToken) : first;
    }

    public void Dispose() => _reader.Dispose();

    /// <summary>Those that were taken away are nobody's concern any more.</summary>
    private void LookAnew()
    {
        if (_anew is not { } anew)
        {
            return;
        }

        _place = anew();
        foreach (var gone in _known.Keys.Except(_place.Servers.Select(each => each.Name)).ToList())
        {
            _known.Remove(gone);
        }
    }

    /// <summary>True if servers were heard of that have not been asked.</summary>
    private bool Learn(ClusterStatus status)
    {
        foreach (var server in status.Servers.Where(each => each.Name.Length > 0))
        {
            _known.TryAdd(server.Name, server.Url);
        }

        var asked = _known.Count;
        foreach (var server in status.Newest?.Servers ?? [])
        {
            _known[server.Name] = server.Url;
        }

        return _known.Count > asked;
    }
}
