using Mjolnir.Proxy.Cluster;

namespace Mjolnir.Proxy.Servers;

/// <summary>Asks every server whether it is ready, and looks after its connections' deadlines. One that does not answer twice is down; one that is down is asked less and less often.</summary>
internal sealed class ServerWatch(IReadOnlyList<ApplicationCluster> clusters, HttpMessageInvoker client, ProxyLimits limits, TimeProvider time)
{
    public async Task RunAsync(CancellationToken stop)
    {
        using var ticks = new PeriodicTimer(ProxyLimits.Tick, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stop))
            {
                foreach (var server in clusters.SelectMany(static cluster => cluster.Watched()))
                {
                    server.Sweep();
                    if (!server.Probe.IsAsking && time.GetTimestamp() >= server.Probe.Due)
                    {
                        server.Probe.IsAsking = true;
                        _ = AskAsync(server, stop);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The proxy stops.
        }
    }

    /// <summary>Never throws: what goes wrong is the answer.</summary>
    private async Task AskAsync(AppServer server, CancellationToken stop)
    {
        var fault = await FaultAsync(server, stop);
        var probe = server.Probe;
        if (fault is null)
        {
            probe.Failures = 0;
        }
        else if (++probe.Failures >= limits.ProbeFailures && !stop.IsCancellationRequested)
        {
            var failures = probe.Failures;
            server.SetDown(fault);
            probe.Failures = failures;
        }

        var pause = server.State == ServerState.Down ? BackOff(probe.Failures) : limits.Probe;
        probe.Due = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
        probe.IsAsking = false;
    }

    /// <summary>Null if it answered.</summary>
    private async Task<string?> FaultAsync(AppServer server, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(limits.ProbePatience);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, "/_mjolnir/health/ready"));
            using var response = await client.SendAsync(request, patience.Token);
            server.SetAnswered(response.IsSuccessStatusCode);
            return null;
        }
        catch (OperationCanceledException)
        {
            return $"no answer within {limits.ProbePatience.TotalSeconds} s";
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }

    private TimeSpan BackOff(int failures)
    {
        var pause = limits.FirstProbe * Math.Pow(2, Math.Clamp(failures - 1, 0, 30));
        return pause < limits.ProbeBackOff ? pause : limits.ProbeBackOff;
    }
}
