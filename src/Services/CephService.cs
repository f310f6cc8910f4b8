using System.Globalization;
using System.Net;

namespace Mjolnir.Services;

/// <summary>What a local Ceph is started with.</summary>
/// <param name="Folder">where its data is; made if there is none; one Ceph at a time</param>
public sealed record CephOptions(string Folder)
{
    /// <summary>The port of S3; null: that of the folder's last run, or else a free one.</summary>
    public int? Port { get; init; }

    /// <summary>Called with each line that its programs write; null: only the last are kept, for the message of a failure.</summary>
    public Action<string>? Output { get; init; }

    /// <summary>The clock of its waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// Ceph's S3 on this machine, for one machine's clusters and for tests: a monitor, an object daemon and a gateway with their data in one folder. May be killed at any moment and started
/// again on the same folder: what S3 has acknowledged is there. Its programs end with this process.
/// </summary>
public sealed class CephService : IAsyncDisposable
{
    /// <summary>What to tell who lacks a program.</summary>
    public const string HowToInstall = "Install Ceph (Debian: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-base ceph-common), or give the address of another S3.";

    private static readonly string[] Needed = ["monmaptool", "ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin"];

    private readonly CephOptions _options;
    private readonly CephFolder _folder;
    private readonly List<CephDaemon> _daemons = [];
    private CephDaemon? _gateway;

    private CephService(CephOptions options) => (_options, _folder) = (options, new CephFolder(options.Folder));

    /// <summary>Where S3 is.</summary>
    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The user's access key: random, kept in the folder.</summary>
    public string AccessKey { get; private set; } = "";

    /// <summary>The user's secret key.</summary>
    public string SecretKey { get; private set; } = "";

    /// <summary>Its programs, the gateway last.</summary>
    public IReadOnlyList<int> ProcessIds => [.. _daemons.Select(daemon => daemon.Id), .. _gateway is { } gateway ? [gateway.Id] : Array.Empty<int>()];

    /// <summary>Ends as soon as one of its programs has.</summary>
    public Task Exited => Task.WhenAny(AllDaemons().Select(daemon => daemon.Exited));

    /// <summary>The programs that are not installed; empty: it can be started.</summary>
    public static IReadOnlyList<string> MissingPrograms() => [.. Needed.Where(program => Programs.Find(program) is null)];

    /// <summary>Starts it; ends when S3 answers.</summary>
    /// <exception cref="ServiceFailedException">a program is missing, ended, or S3 did not come up in time</exception>
    public static async Task<CephService> StartAsync(CephOptions options, CancellationToken cancellationToken)
    {
        if (MissingPrograms() is { Count: > 0 } missing)
        {
            throw new ServiceFailedException($"Ceph's S3 needs programs that are not installed: {string.Join(", ", missing)}. {HowToInstall}");
        }

        var service = new CephService(options);
        using var patience = new CancellationTokenSource(CephLimits.StartPatience, options.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await service.StartAllAsync(both.Token);
            return service;
        }
        catch (Exception exception)
        {
            await service.DisposeAsync();
            if (exception is OperationCanceledException && patience.IsCancellationRequested)
            {
                throw new ServiceFailedException($"Ceph's S3 did not answer within {CephLimits.StartPatience.TotalSeconds} s. Its data is in {options.Folder}.", exception);
            }

            throw;
        }
    }

    /// <summary>Ends the gateway alone, at once: S3 refuses connections until <see cref="StartGatewayAsync"/>. The data's programs go on.</summary>
    public async Task KillGatewayAsync()
    {
        if (_gateway is { } gateway)
        {
            gateway.Kill();
            await gateway.DisposeAsync();
            _gateway = null;
        }
    }

    /// <summary>Starts the gateway again, at the same address; ends when it answers.</summary>
    public async Task StartGatewayAsync(CancellationToken cancellationToken)
    {
        _gateway = Start("radosgw", "-n", "client.rgw", "-f");
        await AnswersAsync(cancellationToken);
    }

    /// <summary>Ends all at once, as a power failure does (SIGKILL).</summary>
    public async Task KillAsync()
    {
        foreach (var daemon in AllDaemons())
        {
            daemon.Kill();
        }

        await DisposeAsync();
    }

    /// <summary>Ends all in order: the gateway first.</summary>
    public async Task StopAsync()
    {
        foreach (var daemon in AllDaemons().Reverse())
        {
            await daemon.StopAsync();
        }

        await DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in AllDaemons().Reverse())
        {
            await daemon.DisposeAsync();
        }

        _daemons.Clear();
        _gateway = null;
    }

    private IEnumerable<CephDaemon> AllDaemons() => _gateway is { } gateway ? _daemons.Append(gateway) : _daemons;

    private async Task StartAllAsync(CancellationToken cancellationToken)
    {
        var isNew = !_folder.IsComplete;
        if (isNew)
        {
            Directory.CreateDirectory(_options.Folder);
            _folder.Begin();
        }

        var free = Programs.FreePorts(2);
        var port = _options.Port ?? (isNew ? free[1] : _folder.Keys().Port);
        _folder.Configure(free[0], port);
        Endpoint = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        await StartMonitorAsync(free[0], isNew, cancellationToken);
        await StartDiskAsync(isNew, cancellationToken);

        // The gateway waits for both by itself.
        await StartGatewayAsync(cancellationToken);
        await KeysAsync(isNew, port, cancellationToken);
    }

    /// <summary>The monitor's address is part of its data: it is told anew at each start, because its last port may be another's by now.</summary>
    private async Task StartMonitorAsync(int port, bool isNew, CancellationToken cancellationToken)
    {
        await RunAsync("monmaptool", cancellationToken,
            "--create", "--clobber", "--fsid", _folder.ClusterId(), "--addv", "a", string.Create(CultureInfo.InvariantCulture, $"[v2:127.0.0.1:{port}]"), _folder.MonitorMap);
        await RunAsync("ceph-mon", cancellationToken, isNew ? ["-i", "a", "--mkfs", "--monmap", _folder.MonitorMap] : ["-i", "a", "--inject-monmap", _folder.MonitorMap]);
        _daemons.Add(Start("ceph-mon", "-i", "a", "-f"));
    }

    private async Task StartDiskAsync(bool isNew, CancellationToken cancellationToken)
    {
        if (isNew)
        {
            var disk = Guid.NewGuid().ToString();
            await RunAsync("ceph", cancellationToken, "osd", "new", disk);
            await RunAsync("ceph-osd", cancellationToken, "-i", "0", "--mkfs", "--osd-uuid", disk);
        }

        _daemons.Add(Start("ceph-osd", "-i", "0", "-f"));
    }

    private async Task KeysAsync(bool isNew, int port, CancellationToken cancellationToken)
    {
        (AccessKey, SecretKey) = isNew ? CephFolder.NewKeys() : (_folder.Keys().Access, _folder.Keys().Secret);
        if (isNew)
        {
            // It prints the keys: nobody hears what it says.
            string[] user = ["user", "create", "--uid=mjolnir", "--display-name=mjolnir", $"--access-key={AccessKey}", $"--secret-key={SecretKey}"];
            await FirstFailureAsync(CephDaemon.RunAsync("radosgw-admin", WithConfiguration("radosgw-admin", user), _options.Folder, null, cancellationToken));
        }

        _folder.Keep(port, AccessKey, SecretKey);
    }

    private CephDaemon Start(string program, params string[] arguments) =>
        new(program, WithConfiguration(program, arguments), _options.Folder, _options.Output);

    private async Task RunAsync(string program, CancellationToken cancellationToken, params string[] arguments)
    {
        var running = CephDaemon.RunAsync(program, WithConfiguration(program, arguments), _options.Folder, _options.Output, cancellationToken);
        await FirstFailureAsync(running);
    }

    private IReadOnlyList<string> WithConfiguration(string program, string[] arguments) =>
        program == "monmaptool" ? arguments : ["-c", _folder.Configuration, .. arguments];

    /// <summary>Waits; fails at once when one of the programs that it depends on has ended.</summary>
    private async Task FirstFailureAsync(Task waited)
    {
        var daemons = AllDaemons().ToList();
        var first = await Task.WhenAny([waited, .. daemons.Select(daemon => daemon.Exited)]);
        if (first != waited && daemons.First(daemon => daemon.Exited == first) is var ended)
        {
            throw ended.Failure();
        }

        await waited;
    }

    private async Task AnswersAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = CephLimits.ProbePatience };
        while (!await AnswersNowAsync(http, cancellationToken))
        {
            await FirstFailureAsync(Task.Delay(CephLimits.StartPoll, _options.Time, cancellationToken));
        }
    }

    private async Task<bool> AnswersNowAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(Endpoint, cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
