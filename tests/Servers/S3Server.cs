using System.Globalization;
using Mjolnir.Services;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Servers;

/// <summary>
/// A real S3 for tests: Ceph's. Starting takes a quarter of a minute, so a test process shares one (<see cref="SharedAsync"/>), and each test takes a prefix or bucket of its own. It ends with the process.
/// </summary>
public sealed class S3Server : IAsyncDisposable
{
    private const string FolderName = "mjolnir-s3-";

    private static readonly Lazy<Task<S3Server>> Shared = new(StartSharedAsync);

    private readonly string _folder;

    private S3Server(CephService ceph, string folder) => (Ceph, _folder) = (ceph, folder);

    /// <summary>The service itself, to be killed and started again by tests that have one of their own.</summary>
    public CephService Ceph { get; private set; }

    /// <summary>Settings of a store of its own: one bucket for all tests, a prefix for each.</summary>
    public S3Settings NewSettings() => new(Ceph.Endpoint, "tests") { Prefix = $"{Guid.NewGuid():N}/", AccessKey = Ceph.AccessKey, SecretKey = Ceph.SecretKey };

    /// <summary>A new, empty store, known to be fit for use.</summary>
    public async Task<S3ObjectStore> NewStoreAsync()
    {
        var store = new S3ObjectStore(NewSettings(), TimeProvider.System);
        var check = await S3Capability.CheckAsync(store, CancellationToken.None);
        return check.Kind == S3CheckKind.Good ? store : throw new InvalidOperationException(check.Message);
    }

    /// <summary>The one server of this test process. Never stop or kill this one.</summary>
    public static Task<S3Server> SharedAsync() => Shared.Value;

    /// <summary>A server of its own, for tests that kill it.</summary>
    public static async Task<S3Server> StartAsync()
    {
        RemoveLeftovers();
        var folder = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"{FolderName}{Environment.ProcessId}-{Guid.NewGuid():N}"));
        return new S3Server(await CephService.StartAsync(new CephOptions(folder), CancellationToken.None), folder);
    }

    /// <summary>kill -9 of everything, and a new start over the same data at the same address.</summary>
    public async Task KillAndRestartAsync()
    {
        await Ceph.KillAsync();
        Ceph = await CephService.StartAsync(new CephOptions(_folder), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Ceph.KillAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<S3Server> StartSharedAsync()
    {
        var server = await StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return server;
    }

    /// <summary>What test processes that were killed left behind.</summary>
    private static void RemoveLeftovers()
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), FolderName + "*"))
        {
            var owner = Path.GetFileName(folder)[FolderName.Length..].Split('-')[0];
            if (int.TryParse(owner, CultureInfo.InvariantCulture, out var process) && !Directory.Exists($"/proc/{process}"))
            {
                try
                {
                    Directory.Delete(folder, recursive: true);
                }
                catch (DirectoryNotFoundException)
                {
                    // Another test process has just removed it.
                }
            }
        }
    }
}
