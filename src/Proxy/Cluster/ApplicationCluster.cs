using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Proxy.Servers;

namespace Mjolnir.Proxy.Cluster;

/// <summary>One application behind the proxy: its servers, who owns which slot, and what is known of its handlers.</summary>
internal sealed class ApplicationCluster : IDisposable
{
    private readonly ProxyLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private ClusterTable _table = ClusterTable.Nothing;
    private ImmutableList<AppServer> _leaving = [];
    private uint _turn;

    public ApplicationCluster(ProxiedApplication application, ProxyLimits limits, TimeProvider time, ILogger log) =>
        (Configured, _limits, _time, _log) = (application, limits, time, log);

    /// <summary>What the operator said.</summary>
    public ProxiedApplication Configured { get; }

    /// <summary>Learned from the servers' answers.</summary>
    public KeyPredictor Predictor { get; } = new();

    public ClusterTable Table => Volatile.Read(ref _table);

    /// <summary>All servers to look after: those that left the cluster as long as they have requests under way.</summary>
    public IEnumerable<AppServer> Watched()
    {
        ImmutableInterlocked.Update(ref _leaving, static all => all.RemoveAll(static server => server.Connections.Busy == 0));
        return Table.Servers.Concat(Volatile.Read(ref _leaving));
    }

    public bool IsReady => Array.Exists(Table.Servers, static server => server.IsReady);

    /// <summary>Takes news in. False if they are of another application.</summary>
    public bool Apply(ClusterNews news, Uri teller)
    {
        var before = Table;
        if (before.Application.Length > 0 && before.Application != news.Application)
        {
            ProxyLog.OtherApplication(_log, teller, news.Application, before.Application);
            return false;
        }

        var servers = news.Servers.Select(told => Known(before, told.Name, told.Http)).ToArray();
        var byName = servers.ToDictionary(static server => server.Name, StringComparer.Ordinal);
        var owners = new AppServer?[Slots.Count];
        foreach (var (first, last, name) in news.Slots)
        {
            owners.AsSpan(first, Math.Max(last - first + 1, 0)).Fill(byName.GetValueOrDefault(name));
        }

        Volatile.Write(ref _table, new ClusterTable(news.Version, news.Application, news.View, servers, owners));
        foreach (var (server, told) in servers.Zip(news.Servers))
        {
            server.SetTold(told.IsReady);
        }

        foreach (var gone in before.Servers.Except(servers))
        {
            gone.IsToldReady = false;
            gone.Dispose();
            ImmutableInterlocked.Update(ref _leaving, static (all, one) => all.Add(one), gone);
        }

        if (before.View != news.View || before.Servers.Length != servers.Length)
        {
            ProxyLog.ClusterChanged(_log, news.Application, news.View, servers.Length);
        }

        return true;
    }

    /// <summary>A server for a call: the owner of the hottest of its slots that has one that is ready; else any. Null if none is left.</summary>
    /// <param name="slots">predicted, hottest first; may be empty</param>
    /// <param name="tried">servers that the call was sent to already</param>
    public AppServer? Pick(ReadOnlySpan<int> slots, ReadOnlySpan<AppServer?> tried)
    {
        var table = Table;
        foreach (var slot in slots)
        {
            if (table.Owners[slot] is { IsReady: true } owner && !tried.Contains(owner))
            {
                return owner;
            }
        }

        return Any(table, tried);
    }

    /// <summary>True if there is a server that is ready and was not tried.</summary>
    public bool HasOther(ReadOnlySpan<AppServer?> tried)
    {
        foreach (var server in Table.Servers)
        {
            if (server.IsReady && !tried.Contains(server))
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose() => Array.ForEach(Table.Servers, static server => server.Dispose());

    /// <summary>One after the other, over those that are ready.</summary>
    private AppServer? Any(ClusterTable table, ReadOnlySpan<AppServer?> tried)
    {
        var servers = table.Servers;
        var first = Interlocked.Increment(ref _turn);
        for (var i = 0u; i < servers.Length; i++)
        {
            var server = servers[(first + i) % (uint)servers.Length];
            if (server.IsReady && !tried.Contains(server))
            {
                return server;
            }
        }

        return null;
    }

    /// <summary>A server keeps its state and connections as long as name and address stay.</summary>
    private AppServer Known(ClusterTable table, string name, Uri http) =>
        Array.Find(table.Servers, server => server.Name == name && server.Url == http) ?? new AppServer(name, http, _limits, _time, _log);
}
