using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mjolnir.Running;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>A whole cluster of real processes, started by <c>up</c>, whose processes are killed, stopped and started again. Shared by the tests of a class, with all that was acknowledged.</summary>
public class ClassicCluster : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly int _port = FreePort();
    private TaskCompletionSource _running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MjolnirProcess? _up;
    private string _former = "";
    private int _attempts;

    public Uri Proxy => new($"http://127.0.0.1:{_port}");

    public string Data => _folder.At("d");

    /// <summary>What <c>up</c> wrote so far, before it was killed too.</summary>
    public string Output => _former + _up?.Output;

    internal HttpClient Http { get; } = new(new SocketsHttpHandler { UseCookies = false, UseProxy = false }) { Timeout = FaultLimits.AnswerPatience };

    /// <summary>Every transfer acknowledged since the cluster was made.</summary>
    internal List<Transfer> Acknowledged { get; } = [];

    /// <summary>The application's folder, which may be made in this one.</summary>
    protected virtual string App(TestFolder folder) => LedgerServer.App;

    /// <summary>Where queue and store come from, and what else <c>up</c> is told.</summary>
    protected virtual IReadOnlyList<string> More => ["--with-services"];

    /// <summary>Seconds between two rounds of an auditor.</summary>
    protected virtual int AuditorPause => FaultLimits.AuditorPause;

    /// <summary>What <c>up</c> and its processes find in their environment.</summary>
    protected virtual IReadOnlyDictionary<string, string> Surroundings { get; } = new Dictionary<string, string>();

    public virtual Task InitializeAsync() => StartAsync();

    public virtual async Task DisposeAsync()
    {
        Http.Dispose();
        if (_up is { } up)
        {
            await up.DisposeAsync();
        }

        await EndedAsync();
        _folder.Dispose();
    }

    public async Task StartAsync()
    {
        await BeginAsync();
        await ServesAsync();
    }

    /// <summary>Starts it; returns when queue and store are up and the V-stacks begin to start.</summary>
    public async Task BeginAsync()
    {
        var configuration = _folder.Write("shared.json", $$"""{ "Audit": { "Pause": {{AuditorPause}} } }""");
        _up = MjolnirProcess.Start(Surroundings, ["up", App(_folder), "--config", configuration, "--stacks", "2", "--sign-in", "open", "--port", $"{_port}", "--data", Data, .. More]);
        await _up.LineAsync(line => line.EndsWith("s1 starts", StringComparison.Ordinal), FaultLimits.ClusterStart);
    }

    /// <summary>Returns when it says that it serves.</summary>
    public async Task ServesAsync()
    {
        await _up!.LineAsync(line => line.StartsWith("listening ", StringComparison.Ordinal), FaultLimits.ClusterStart);
        Volatile.Read(ref _running).SetResult();
    }

    /// <summary>kill -9 of <c>up</c>: the kernel kills all its processes with it.</summary>
    public async Task KillAllAsync()
    {
        Volatile.Write(ref _running, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await _up!.KillAsync();
        _former += _up.Output;
        await _up.DisposeAsync();
        _up = null;
        await EndedAsync();
    }

    /// <summary>Where the next attempt goes: three of four through the proxy, the others straight at an app server. Waits while nothing runs.</summary>
    public async Task<Uri> NextUrlAsync()
    {
        await Volatile.Read(ref _running).Task;
        var attempt = Interlocked.Increment(ref _attempts);
        return attempt % 4 == 0 ? Server(1 + (attempt / 4 % 2)) : Proxy;
    }

    /// <summary>The URL of an app server, as it is told by its configuration.</summary>
    public Uri Server(int stack) => UrlOf($"s{stack}-app");

    /// <summary>What the write-behind process of a V-stack tells of a figure, all its labels added up. Waits while the process is on its way back.</summary>
    public Task<double> WorkerFigureAsync(int stack, string figure) => FigureAsync($"s{stack}-write-behind", figure);

    /// <summary>The same of its app server.</summary>
    public Task<double> ServerFigureAsync(int stack, string figure) => FigureAsync($"s{stack}-app", figure);

    /// <summary>No process that lives has found a broken rule, and none that died has told of one, but for what the faults did. Says what the auditors did.</summary>
    public async Task<string> RequireSilentAuditorsAsync()
    {
        Assert.DoesNotContain(Output.Split('\n'), line => (line.Contains("Broken rule", StringComparison.Ordinal) || line.Contains("stopped for good", StringComparison.Ordinal)) && !IsExpected(line));
        var told = new List<string>();
        foreach (var stack in new[] { 1, 2 })
        {
            Assert.DoesNotContain(await SamplesAsync($"s{stack}-write-behind", "mjolnir_invariant_violations_total"), sample => Value(sample) > 0 && !IsExpected(sample));
            told.Add($"auditor of s{stack}: {await WorkerFigureAsync(stack, "mjolnir_audit_rows_total")} rows, {await WorkerFigureAsync(stack, "mjolnir_audit_rounds_total")} rounds, {await WorkerFigureAsync(stack, "mjolnir_audit_cleared_total")} suspicions dispelled");
        }

        return string.Join("; ", told);
    }

    /// <summary>True if the fault that was done is what an alarm, or the sample of a metric, tells of: a shard that lost its memory.</summary>
    protected virtual bool IsExpected(string told) => told.Contains("unlabelled_shard", StringComparison.Ordinal);

    /// <summary>What a process tells at its status.</summary>
    internal Task<JsonElement> StatusAsync(Uri server) => AskForJsonAsync(new Uri(server, "/_mjolnir/status"), "statusToken");

    /// <summary>The shard of each slot, as a server has it now.</summary>
    internal async Task<string[]> ShardsAsync(Uri server)
    {
        var told = await AskForJsonAsync(new Uri(server, "/_mjolnir/cluster"), "clusterToken");
        return [.. told.GetProperty("slots").EnumerateArray().SelectMany(range => Enumerable.Repeat(range[2].GetString()!, 1 + range[1].GetInt32() - range[0].GetInt32()))];
    }

    /// <summary>A token of the cluster's secrets.</summary>
    internal string Secret(string name)
    {
        using var secrets = JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "secrets", "secrets.json")));
        return secrets.RootElement.GetProperty(name).GetString()!;
    }

    /// <summary>The port of a V-stack's memcached.</summary>
    public int CachePort(int stack)
    {
        using var configuration = Configuration($"s{stack}-app");
        return new Uri("tcp://" + configuration.RootElement.GetProperty("Cache").GetProperty("Nodes")[0].GetString()).Port;
    }

    /// <summary>Both servers are ready and the proxy passes on to them.</summary>
    public async Task SettledAsync()
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        foreach (var url in new[] { new Uri(Server(1), "/_mjolnir/health"), new Uri(Server(2), "/_mjolnir/health"), Proxy })
        {
            while (!await AnswersAsync(url, patience.Token))
            {
                await Task.Delay(FaultLimits.RetryPause, patience.Token);
            }
        }
    }

    /// <summary>Returns when every batch that the servers have sent until now is in the store, as they tell themselves.</summary>
    public async Task StoredAsync()
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        foreach (var stack in new[] { 1, 2 })
        {
            var sent = await ServerFigureAsync(stack, "mjolnir_stack_batches_total");
            while (await ServerFigureAsync(stack, "mjolnir_stack_batches_total") - await ServerFigureAsync(stack, "mjolnir_stack_backlog_batches") < sent)
            {
                await Task.Delay(FaultLimits.RetryPause, patience.Token);
            }
        }
    }

    /// <summary>So many V-stacks from now on; returns when they serve, or are gone.</summary>
    public async Task ScaleAsync(int stacks)
    {
        var (code, told) = await MjolnirProcess.RunAsync(FaultLimits.ClusterStart, "scale", $"{stacks}", "--data", Data);
        Assert.True(code == 0, told + Output);
    }

    /// <summary>A process of it, by words of its command line; waits for it while it is being started again.</summary>
    internal async Task<ClusterProcess> ProcessAsync(string words)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (true)
        {
            if (ClusterProcess.ChildOf(_up!.Id, words) is { } process)
            {
                return process;
            }

            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }

    private async Task<bool> AnswersAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(url, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private JsonDocument Configuration(string process) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, process, "stack.json")));

    private Uri UrlOf(string process)
    {
        using var configuration = Configuration(process);
        return new Uri(configuration.RootElement.GetProperty("Server").GetProperty("Url").GetString()!);
    }

    private async Task<double> FigureAsync(string process, string figure) => (await SamplesAsync(process, figure)).Sum(Value);

    /// <summary>The lines of a figure, one for each of its labels. Waits while the process is on its way back.</summary>
    private async Task<IReadOnlyList<string>> SamplesAsync(string process, string figure)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (true)
        {
            try
            {
                var lines = (await AskAsync(new Uri(UrlOf(process), "/_mjolnir/metrics"), "statusToken")).Split('\n');
                Assert.Contains(lines, line => line.StartsWith($"# TYPE {figure} ", StringComparison.Ordinal));
                return [.. lines.Where(line => line.StartsWith(figure + " ", StringComparison.Ordinal) || line.StartsWith(figure + "{", StringComparison.Ordinal))];
            }
            catch (HttpRequestException fault) when (fault.StatusCode is null)
            {
                await Task.Delay(FaultLimits.RetryPause, patience.Token);
            }
        }
    }

    private static double Value(string sample) => double.Parse(sample[(sample.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);

    private async Task<JsonElement> AskForJsonAsync(Uri url, string secret)
    {
        using var told = JsonDocument.Parse(await AskAsync(url, secret));
        return told.RootElement.Clone();
    }

    /// <summary>Asks for what only holders of one of the cluster's secrets may see.</summary>
    private async Task<string> AskAsync(Uri url, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Authorization = new("Bearer", Secret(secret));
        using var answer = await Http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>No process names the folder any more.</summary>
    private async Task EndedAsync()
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (Directory.EnumerateDirectories("/proc").Any(NamesTheFolder))
        {
            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }

    private bool NamesTheFolder(string process)
    {
        try
        {
            return int.TryParse(Path.GetFileName(process), out _) && File.ReadAllText(Path.Combine(process, "cmdline")).Contains(Data, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
