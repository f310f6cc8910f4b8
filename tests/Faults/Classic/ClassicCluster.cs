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
    private int _attempts;

    public Uri Proxy => new($"http://127.0.0.1:{_port}");

    public string Data => _folder.At("d");

    /// <summary>What <c>up</c> wrote so far.</summary>
    public string Output => _up?.Output ?? "";

    internal HttpClient Http { get; } = new(new SocketsHttpHandler { UseCookies = false, UseProxy = false }) { Timeout = FaultLimits.AnswerPatience };

    /// <summary>Every transfer acknowledged since the cluster was made.</summary>
    internal List<Transfer> Acknowledged { get; } = [];

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
        _up = MjolnirProcess.Start(Surroundings, ["up", LedgerServer.App, "--config", configuration, "--stacks", "2", "--sign-in", "open", "--port", $"{_port}", "--data", Data, .. More]);
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
        await _up.DisposeAsync();
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
    public Uri Server(int stack)
    {
        using var configuration = Configuration(stack);
        return new Uri(configuration.RootElement.GetProperty("Server").GetProperty("Url").GetString()!);
    }

    /// <summary>What the write-behind process of a V-stack tells of a figure, all its labels added up; null while it does not answer.</summary>
    public async Task<double?> WorkerFigureAsync(int stack, string figure)
    {
        using var configuration = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, $"s{stack}-write-behind", "stack.json")));
        try
        {
            var told = await Http.GetStringAsync(new Uri(new Uri(configuration.RootElement.GetProperty("Server").GetProperty("Url").GetString()!), "/_mjolnir/metrics"));
            return told.Split('\n').Where(line => line.StartsWith(figure + " ", StringComparison.Ordinal) || line.StartsWith(figure + "{", StringComparison.Ordinal))
                .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>What a process tells at its status.</summary>
    internal async Task<JsonElement> StatusAsync(Uri server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, "/_mjolnir/status"));
        request.Headers.Authorization = new("Bearer", Secret("statusToken"));
        using var answer = await Http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.Clone();
    }

    /// <summary>The shard of each slot, as a server has it now.</summary>
    internal async Task<string[]> ShardsAsync(Uri server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, "/_mjolnir/cluster"));
        request.Headers.Authorization = new("Bearer", Secret("clusterToken"));
        using var answer = await Http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        using var told = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return [.. told.RootElement.GetProperty("slots").EnumerateArray().SelectMany(range => Enumerable.Repeat(range[2].GetString()!, 1 + range[1].GetInt32() - range[0].GetInt32()))];
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
        using var configuration = Configuration(stack);
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

    private JsonDocument Configuration(int stack) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, $"s{stack}-app", "stack.json")));

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
