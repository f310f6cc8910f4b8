using System.Collections.Frozen;
using Mjolnir.Proxy.Cluster;

namespace Mjolnir.Proxy.Http;

/// <summary>Which application a host name means: an exact name before <c>*.example.com</c>, the longer of these before the shorter, and <c>*</c> last.</summary>
internal sealed class HostTable
{
    private readonly FrozenDictionary<string, ApplicationCluster> _exact;
    private readonly FrozenDictionary<string, ApplicationCluster>.AlternateLookup<ReadOnlySpan<char>> _wild;
    private readonly ApplicationCluster? _any;

    public HostTable(IReadOnlyList<ApplicationCluster> applications)
    {
        Dictionary<string, ApplicationCluster> exact = new(StringComparer.OrdinalIgnoreCase), wild = new(StringComparer.OrdinalIgnoreCase);
        foreach (var (host, application) in applications.SelectMany(static application => application.Configured.Hosts.Select(host => (host, application))))
        {
            var (to, name) = host.StartsWith("*.", StringComparison.Ordinal) ? (wild, host[1..]) : (exact, host);
            if (!to.TryAdd(name, application))
            {
                throw new ProxyConfigurationException($"The host '{host}' is given to two applications.");
            }
        }

        exact.Remove("*", out _any);
        _exact = exact.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _wild = wild.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <param name="host">without port</param>
    public ApplicationCluster? Find(string host)
    {
        if (_exact.TryGetValue(host, out var application))
        {
            return application;
        }

        for (var at = host.IndexOf('.'); at > 0; at = host.IndexOf('.', at + 1))
        {
            if (_wild.TryGetValue(host.AsSpan(at), out application))
            {
                return application;
            }
        }

        return _any;
    }
}
