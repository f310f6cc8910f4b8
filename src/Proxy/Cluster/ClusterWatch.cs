using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using Mjolnir.Core;
using Mjolnir.Proxy.Servers;

namespace Mjolnir.Proxy.Cluster;

/// <summary>
/// Asks one server after another for its cluster, and stays with the one that answers: it holds the question until something changes. Who does not count itself among the ready may be cut off from the others and
/// out of date, so then another is asked.
/// </summary>
internal sealed class ClusterWatch(ApplicationCluster cluster, HttpMessageInvoker client, ProxyLimits limits, TimeProvider time, ILogger log)
{
    private readonly Dictionary<Uri, string> _faults = [];
    private int _turn;

    public async Task RunAsync(CancellationToken stop)
    {
        Uri? teller = null;
        while (!stop.IsCancellationRequested)
        {
            teller ??= Next();
            if (!await AskAsync(teller, stop))
            {
                teller = null;
                await Task.Delay(cluster.IsReady ? limits.ClusterRetry : limits.FirstClusterRetry, time, stop).ToItsEnd();
            }
        }
    }

    /// <summary>The servers that are ready, then those that were configured, round and round.</summary>
    private Uri Next()
    {
        var servers = cluster.Table.Servers.Where(static server => server.State != ServerState.Down).OrderByDescending(static server => server.IsReady).Select(static server => server.Url);
        Uri[] all = [.. servers.Concat(cluster.Configured.Servers).Distinct()];
        return all[_turn++ % all.Length];
    }

    /// <summary>False if another server should be asked next.</summary>
    private async Task<bool> AskAsync(Uri teller, CancellationToken stop)
    {
        var known = cluster.Table;
        var isKnown = Array.Find(known.Servers, server => server.Url == teller);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(known.Version.Length == 0 || isKnown is null ? limits.ClusterAnswer : limits.ClusterHold + limits.ClusterAnswer);
        using var down = isKnown is null ? null : time.CreateTimer(_ => GiveUpIfDown(isKnown, patience), null, ProxyLimits.Tick, ProxyLimits.Tick);
        try
        {
            // Who is not known yet is asked for all it knows, at once.
            var news = ClusterNews.Parse(await GetAsync(teller, isKnown is null ? "" : known.Version, patience.Token));
            _faults.Remove(teller);
            return cluster.Apply(news, teller) && IsAmongTheReady(teller);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or FormatException)
        {
            if (!stop.IsCancellationRequested)
            {
                TellOnce(teller, e is OperationCanceledException ? "no answer in time" : e.Message);
            }

            return false;
        }
    }

    /// <summary>A server that starts is asked several times a second: what is wrong with it is told when it is something else than before.</summary>
    private void TellOnce(Uri teller, string fault)
    {
        if (_faults.GetValueOrDefault(teller) != fault)
        {
            _faults[teller] = fault;
            ProxyLog.ClusterUntold(log, teller, fault);
        }
    }

    /// <summary>A configured address that is another name of a server counts as that one.</summary>
    private bool IsAmongTheReady(Uri teller)
    {
        var table = cluster.Table;
        return Array.Exists(table.Servers, server => server.IsToldReady && server.Url == teller)
            || (table.Servers.Length == 1 && table.Servers[0].IsToldReady);
    }

    private static void GiveUpIfDown(AppServer server, CancellationTokenSource patience)
    {
        if (server.State == ServerState.Down)
        {
            try
            {
                patience.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The answer came at the same moment.
            }
        }
    }

    private async Task<ReadOnlyMemory<byte>> GetAsync(Uri teller, string since, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(teller, "/_mjolnir/cluster" + (since.Length == 0 ? "" : "?since=" + Uri.EscapeDataString(since))));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", cluster.Configured.Token);
        using var response = await client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"it answers {(int)response.StatusCode}" + ((int)response.StatusCode is 401 or 403 ? ": is the cluster's token right?" : ""));
        }

        await response.Content.LoadIntoBufferAsync(limits.ClusterBytes, cancellationToken);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }
}
