using System.Globalization;
using Mjolnir.Storage.Registry;

namespace Mjolnir.WriteBehind.Views;

/// <summary>
/// Queues that servers declared ahead, and that nobody will ever use: their servers were killed and have not come back. Each is registered as a log, of which nobody has published anything. From then on it is a log
/// of a dead process like others: sealed, stored as empty and deleted by its worker; and whoever comes back after all finds it taken and declares another.
/// </summary>
internal sealed partial class KeeperTerm
{
    private readonly Dictionary<string, long> _goneServers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _withoutSpare = new(StringComparer.Ordinal);
    private (string Server, Task<IReadOnlyList<string>> Found)? _spareLook;

    /// <summary>Called behind each look at all logs.</summary>
    private void NoteGoneServers()
    {
        var present = _book.Open.Select(ServerOf).Concat((_latest?.Shards ?? []).Select(static shard => shard.Name)).Concat(_picture.Fresh.Select(static beat => beat.Server)).ToHashSet(StringComparer.Ordinal);
        foreach (var server in present)
        {
            _goneServers.Remove(server);
            _withoutSpare.Remove(server);
        }

        foreach (var server in _book.Ended.Select(ServerOf).Where(server => !present.Contains(server)))
        {
            _goneServers.TryAdd(server, _time.GetTimestamp());
        }
    }

    /// <summary>Asks the broker for the queues of one server that is gone; when it has answered, registers what it found.</summary>
    private async ValueTask LookForSparesAsync(CancellationToken cancellationToken)
    {
        if (_spareLook is { Found.IsCompleted: true } look)
        {
            _spareLook = null;
            await TakeSparesAsync(look.Server, await look.Found, cancellationToken);
        }

        if (_spareLook is null && _goneServers.FirstOrDefault(gone => !_withoutSpare.Contains(gone.Key) && _time.GetElapsedTime(gone.Value) >= _limits.SpareAfter).Key is { } server)
        {
            var last = _book.Ended.Where(log => ServerOf(log) == server).Max(ClusterRegistry.EpochOf);
            var names = Enumerable.Range(1, _limits.SpareNames).Select(i => string.Create(CultureInfo.InvariantCulture, $"{server}.{last + i}")).ToArray();
            _spareLook = (server, SparesAsync(names, cancellationToken));
        }
    }

    /// <summary>Some brokers tell of more than they were asked for.</summary>
    private async Task<IReadOnlyList<string>> SparesAsync(string[] names, CancellationToken cancellationToken) =>
        [.. (await _options.Broker.ListAsync(names, cancellationToken)).Intersect(names, StringComparer.Ordinal)];

    private async ValueTask TakeSparesAsync(string server, IReadOnlyList<string> spares, CancellationToken cancellationToken)
    {
        // It may have come back while the broker was asked.
        if (!_goneServers.ContainsKey(server) || _picture.Fresh.Any(beat => beat.Server == server))
        {
            return;
        }

        foreach (var spare in spares)
        {
            Report($"registers log {spare}, declared by a server that is gone, to have it sealed");
            await _registry.TryRegisterLogAsync(spare, cancellationToken);
        }

        _withoutSpare.Add(server);
        _logsLookedAt = spares.Count > 0 ? null : _logsLookedAt;
    }

    private static string ServerOf(string log) => log[..Math.Max(0, log.LastIndexOf('.'))];
}
