using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mjolnir.Browser.Tests.Bank;

/// <summary>A real <c>mjolnir dev</c> as a process of its own, with its data in a folder of its own. Ended by its own id.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int Freeze = 19; // SIGSTOP
    private const int Thaw = 18; // SIGCONT

    private readonly string _application;
    private readonly bool _signInOpen;
    private readonly string _data = Directory.CreateTempSubdirectory("mjolnir-browser-").FullName;
    private readonly ConcurrentQueue<string> _complaints = [];
    private Process? _process;

    private ServerProcess(string application, bool signInOpen)
    {
        (_application, _signInOpen) = (application, signInOpen);
        Port = FreePort();
    }

    public int Port { get; }

    /// <summary>Its data folder.</summary>
    public string Data => _data;

    public string Address => $"http://127.0.0.1:{Port}";

    /// <summary>The checkout that these tests are built from.</summary>
    public static string Root { get; } = FindRoot();

    public static async Task<ServerProcess> StartAsync(string application, bool signInOpen = true)
    {
        var server = new ServerProcess(application, signInOpen);
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string[] arguments =
        [
            Path.Combine(Root, "src", "Cli", "bin", configuration, "net10.0", "mjolnir.dll"),
            "dev", _application, "--port", Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--data", _data, .. _signInOpen ? new[] { "--sign-in", "open" } : [],
        ];
        _process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, line) => _complaints.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await BecomeReadyAsync(_process);
    }

    /// <summary>As a power cut would: no chance to finish anything.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Stops the process's clock: it takes what is sent, and answers nothing.</summary>
    public void Pause() => Signal(Freeze);

    public void Resume() => Signal(Thaw);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await KillAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task BecomeReadyAsync(Process process)
    {
        using var client = new HttpClient { BaseAddress = new Uri(Address) };
        using var patience = new CancellationTokenSource(BrowserTestLimits.ServerStart);
        using var pulse = new PeriodicTimer(TimeSpan.FromMilliseconds(50)); // a process that starts tells nobody; it is asked
        while (await pulse.WaitForNextTickAsync(patience.Token))
        {
            Assert.False(process.HasExited, "The server ended while it started: " + string.Join('\n', _complaints));
            if (await AnswersAsync(client, patience.Token)) return;
        }
    }

    private static async Task<bool> AnswersAsync(HttpClient client, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync("/_mjolnir/health", cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false; // does not listen yet
        }
    }

    private void Signal(int signal)
    {
        if (Kill(_process!.Id, signal) != 0) throw new InvalidOperationException($"Signal {signal} could not be sent: {Marshal.GetLastPInvokeError()}.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Mjolnir.sln"))) folder = folder.Parent ?? throw new InvalidOperationException("Not in a checkout.");
        return folder.FullName;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
