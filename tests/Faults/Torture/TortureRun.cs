using System.Diagnostics;
using System.Globalization;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>
/// Faults by a schedule under load without end, in parts: at the end of each part the load ends, the history of all its calls is checked, and indexes are held against what was acknowledged; between two parts nothing may change; at the end everything is counted.
/// What happened is told as it happens, and kept for the report.
/// </summary>
internal sealed class TortureRun(TortureCluster cluster, int seed, TimeSpan length, Action<string> tell)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Dictionary<FaultTarget, Task> _underWay = [];
    private readonly IEnumerator<TortureFault> _faults = TortureSchedule.Of(seed).GetEnumerator();
    private LedgerClients? _clients;
    private LedgerHistory? _former;

    public TortureRecord Record { get; } = new(seed);

    private TimeSpan Now => Stopwatch.GetElapsedTime(_began);

    /// <summary>Until the time is over; fails as soon as anything is wrong.</summary>
    public async Task RunAsync()
    {
        using var stop = new CancellationTokenSource();
        var sampling = SampleAsync(stop.Token);
        try
        {
            for (var part = 1; part == 1 || Now < length; part++)
            {
                await PartAsync(part);
            }

            await CountAsync();
            Record.Verdict = "no violation";
        }
        catch (Exception fault)
        {
            Record.Verdict = fault.Message;
            throw;
        }
        finally
        {
            await stop.CancelAsync();
            await sampling;
            Record.Length = Now;
        }
    }

    /// <summary>Some faults under one load, and the check of its history.</summary>
    private async Task PartAsync(int part)
    {
        await cluster.SettledAsync();
        var clients = new LedgerClients(cluster.NextUrlAsync, cluster.Http, seed + part, string.Create(CultureInfo.InvariantCulture, $"t{part}-")) { Patience = FaultLimits.TorturePatience };
        await clients.StartAsync();
        Assert.Equal(_former?.LastAccounts ?? clients.History.FirstAccounts, clients.History.FirstAccounts);
        _clients = clients;
        using var stop = new CancellationTokenSource();
        var auditing = clients.AuditOverAndOverAsync(stop.Token);
        for (var number = 0; number < FaultLimits.FaultsOfAPart && clients.Wrong.Count == 0 && (number == 0 || Now < length); number++)
        {
            _faults.MoveNext();
            await FaultAsync(_faults.Current, clients);
        }

        await Task.WhenAll(_underWay.Values);
        await clients.FinishAsync();
        _clients = null;
        await stop.CancelAsync();
        await auditing;
        Assert.Empty(clients.Wrong);
        await cluster.SettledAsync();
        var check = await clients.CheckAsync(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, part {part}"));
        var auditors = await cluster.RequireSilentAuditorsAsync();
        tell(string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds,7:F1} s  part {part}: {check}; {clients.Retries} sent again; {auditors}"));
        Record.Checks.Add(check);
        Record.Retries += clients.Retries;
        cluster.Acknowledged.AddRange(clients.Acknowledged);
        await IndexedLedger.RequireSameAsync(await AuditorAsync(), cluster.Proxy, cluster.Acknowledged);
        tell($"           indexes: {await IndexedLedger.RequireVerifiedAsync(cluster.Data, "s1", "s2")}");
        Record.Acknowledged += clients.Count;
        TellDamage();
        Record.Transfers = cluster.Acknowledged.Count;
        _former = clients.History;
    }

    private void TellDamage()
    {
        var noticed = cluster.Noticed;
        foreach (var name in cluster.Damaged.Skip(Record.Damaged))
        {
            tell($"           damaged: {name}{(noticed.Contains(name) ? "" : ", not met before it was mended")}");
        }

        (Record.Damaged, Record.Noticed) = (cluster.Damaged.Count, noticed.Count);
    }

    private async Task FaultAsync(TortureFault fault, LedgerClients clients)
    {
        // A part is hurt by one fault at a time, all parts together by none beside.
        await (fault.Target == FaultTarget.Everything ? Task.WhenAll(_underWay.Values) : _underWay.GetValueOrDefault(fault.Target, Task.CompletedTask));
        var at = Now;
        var doing = _underWay[fault.Target] = cluster.DoAsync(fault);
        TimeSpan? healed = null;
        if (!fault.Overlaps)
        {
            await doing;
            await clients.ReachAsync(clients.Count + FaultLimits.ServesAgain);
            healed = Now - at;
        }

        Record.Faults.Add(new TortureMark(at, fault, healed));
        tell(string.Create(CultureInfo.InvariantCulture, $"{at.TotalSeconds,7:F1} s  {fault.Words}{(healed is { } took ? $"; over and served after {took.TotalSeconds:F1} s" : "; the next one comes meanwhile")}"));
        await Task.Delay(fault.Pause);
    }

    /// <summary>All that was ever acknowledged is there exactly once.</summary>
    private async Task CountAsync()
    {
        await LedgerAudit.RequireExactlyOnceAsync(await AuditorAsync(), cluster.Proxy, cluster.Acknowledged);
        tell(string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds,7:F1} s  all {cluster.Acknowledged.Count} transfers are there exactly once, and the money is what it was"));
    }

    private async Task<Ledger> AuditorAsync()
    {
        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "auditor");
        return auditor;
    }

    /// <summary>Calls acknowledged so far, over and over. While a history is checked there are none to acknowledge: such times are no outage and bear no sample.</summary>
    private async Task SampleAsync(CancellationToken cancellationToken)
    {
        LedgerClients? last = null;
        var (count, at) = (0, Now);
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(FaultLimits.Sample, CancellationToken.None);
            var clients = _clients;
            var (newCount, now) = (clients?.Count ?? 0, Now);
            if (clients is not null && clients == last)
            {
                Record.Samples.Add(new TortureSample(at, now, newCount - count));
            }

            (last, count, at) = (clients, newCount, now);
        }
    }
}
