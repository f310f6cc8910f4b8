using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Mjolnir.Proxy.Tls;

/// <summary>
/// The certificates, found by the name a browser asks for (SNI), and looked at again when their files change: the system tells of most changes, and what it does not tell of (links, some network folders) is found at
/// the next regular look. A new one that cannot be used changes nothing.
/// </summary>
internal sealed class CertificateStore : IAsyncDisposable
{
    // Certificate and key are written one after the other; a look between the two would only find that they do not fit.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(200);

    private readonly ProxyLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly List<FileSystemWatcher> _watchers = [];
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<ulong> _broken = [];
    private ImmutableArray<ServedCertificate> _served;
    private Task _watching = Task.CompletedTask;

    /// <summary>Loads all. Throws <see cref="ProxyConfigurationException"/> if one cannot be used.</summary>
    public CertificateStore(IReadOnlyList<ProxyCertificate> certificates, ProxyLimits limits, TimeProvider time, ILogger log)
    {
        (_limits, _time, _log) = (limits, time, log);
        _served = [.. certificates.Select(ServedCertificate.Load)];
        foreach (var served in _served)
        {
            Say(served);
        }
    }

    /// <summary>The certificate for a name; the first one if none fits, or none was asked for.</summary>
    public ServedCertificate For(string? name)
    {
        var served = _served;
        return (name is null ? null : served.FirstOrDefault(one => one.IsFor(name)) ?? served.FirstOrDefault(one => one.IsForAllLike(name))) ?? served[0];
    }

    /// <summary>Begins to look for changes.</summary>
    public void Watch()
    {
        foreach (var folder in _served.SelectMany(static one => one.Files).Select(static file => Path.GetDirectoryName(Path.GetFullPath(file))!).Distinct())
        {
            Watch(folder);
        }

        _watching = WatchAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _watchers.ForEach(static watcher => watcher.Dispose());
        await _watching;
        _stop.Dispose();
    }

    private void Watch(string folder)
    {
        try
        {
            var watcher = new FileSystemWatcher(folder);
            watcher.Changed += Changed;
            watcher.Created += Changed;
            watcher.Renamed += Changed;
            watcher.EnableRaisingEvents = true;
            _watchers.Add(watcher);
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            ProxyLog.NotWatched(_log, folder, _limits.CertificateCheck.TotalSeconds, e.Message);
        }
    }

    private void Changed(object sender, FileSystemEventArgs e) => _changes.Writer.TryWrite(true);

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var regular = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            regular.CancelAfter(_limits.CertificateCheck);
            try
            {
                await _changes.Reader.ReadAsync(regular.Token);
                await Task.Delay(Settling, _time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                // Time for a regular look, or for the end.
            }

            if (!_stop.IsCancellationRequested)
            {
                _served = [.. _served.Select(Newest)];
            }
        }
    }

    private ServedCertificate Newest(ServedCertificate present)
    {
        var hash = 0UL;
        try
        {
            hash = ServedCertificate.Fingerprint(present.Source);
            if (hash == present.Hash || _broken.Contains(hash))
            {
                return present;
            }

            var next = ServedCertificate.Load(present.Source);
            _broken.Clear();
            Say(next);
            return next;
        }
        catch (Exception e) when (e is ProxyConfigurationException or IOException or UnauthorizedAccessException)
        {
            // Said once for what is broken in this way.
            if (_broken.Add(hash))
            {
                ProxyLog.CertificateBroken(_log, present.Source.CertificateFile, e.InnerException?.Message ?? e.Message);
            }

            return present;
        }
    }

    private void Say(ServedCertificate served) => ProxyLog.CertificateLoaded(_log, served.Source.CertificateFile, string.Join(", ", served.Names), served.NotAfter);
}
