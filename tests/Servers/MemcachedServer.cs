using Mjolnir.Services;

namespace Mjolnir.Servers;

/// <summary>A real memcached for one test, at a free loopback port. It can be killed, stopped for a while, and started again at the same address.</summary>
public sealed class MemcachedServer : IAsyncDisposable
{
    /// <summary>A free port may be taken by another test before memcached binds it.</summary>
    private const int PortTries = 5;

    private readonly int _memoryMegabytes;
    private MemcachedService _service;

    private MemcachedServer(MemcachedService service, int memoryMegabytes)
    {
        _service = service;
        _memoryMegabytes = memoryMegabytes;
    }

    /// <summary>Where it listens, also after a restart.</summary>
    public string Address => _service.Address;

    /// <summary>Its present process.</summary>
    public int Id => _service.Id;

    /// <summary>Starts one.</summary>
    public static async Task<MemcachedServer> StartAsync(int memoryMegabytes = 64)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new MemcachedServer(await StartAsync(Programs.FreePorts(1)[0], memoryMegabytes), memoryMegabytes);
            }
            catch (ServiceFailedException) when (tries < PortTries)
            {
            }
        }
    }

    /// <summary>kill -9; nothing listens there until <see cref="RestartAsync"/>.</summary>
    public async Task KillAsync()
    {
        _service.Kill();
        await _service.Exited;
    }

    /// <summary>kill -9, and a new and empty one at the same address.</summary>
    public async Task RestartAsync()
    {
        await _service.DisposeAsync();
        _service = await StartAsync(int.Parse(Address.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture), _memoryMegabytes);
    }

    /// <summary>SIGSTOP: connections stay, nothing is answered.</summary>
    public void Pause()
    {
        Signals.Send(Id, Signals.Stop);

        // A signal is delivered to each thread when it is next looked at: until all stand still, one may answer.
        SpinWait.SpinUntil(() => Directory.EnumerateDirectories($"/proc/{Id}/task").All(StandsStill), TimeSpan.FromSeconds(10));
    }

    private static bool StandsStill(string thread)
    {
        var stat = File.ReadAllText(Path.Combine(thread, "stat"));
        return stat[stat.LastIndexOf(')') + 2] == 'T';
    }

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signals.Send(Id, Signals.Continue);

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    private static Task<MemcachedService> StartAsync(int port, int memoryMegabytes) =>
        MemcachedService.StartAsync(new MemcachedServiceOptions { Port = port, MemoryMegabytes = memoryMegabytes }, CancellationToken.None);
}
