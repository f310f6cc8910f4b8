using System.Threading.Channels;

namespace Mjolnir.Cli.Dev;

/// <summary>Tells that files of an application changed, once the writing has come to rest: editors write one save as several events.</summary>
internal sealed class ApplicationWatcher : IDisposable
{
    private readonly FileSystemWatcher _watcher;
    private readonly string _folder;

    // One place: what matters is that something changed since the last look, not how often.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public ApplicationWatcher(string folder)
    {
        _folder = folder;
        _watcher = new FileSystemWatcher(folder)
        {
            IncludeSubdirectories = true,
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
        };
        _watcher.Changed += (_, change) => Note(change.FullPath);
        _watcher.Created += (_, change) => Note(change.FullPath);
        _watcher.Deleted += (_, change) => Note(change.FullPath);
        _watcher.Renamed += (_, change) => Note(change.FullPath);
        // Events were lost (too many at once): something changed for sure.
        _watcher.Error += (_, _) => _changes.Writer.TryWrite(true);
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Waits for a change, and then until nothing has changed for <see cref="CliLimits.ChangesSettle"/>.</summary>
    public async Task WaitForChangeAsync(CancellationToken cancellationToken)
    {
        await _changes.Reader.ReadAsync(cancellationToken);
        while (await ChangesAgainAsync(cancellationToken))
        {
            _changes.Reader.TryRead(out _);
        }
    }

    public void Dispose() => _watcher.Dispose();

    private async Task<bool> ChangesAgainAsync(CancellationToken cancellationToken)
    {
        using var settled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        settled.CancelAfter(CliLimits.ChangesSettle);
        try
        {
            return await _changes.Reader.WaitToReadAsync(settled.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Dot files and folders are no part of an application: the data folder is one, and changes all the time.</summary>
    private void Note(string path)
    {
        var relative = Path.GetRelativePath(_folder, path);
        if (!relative.Split(Path.DirectorySeparatorChar).Any(part => part.StartsWith('.')))
        {
            _changes.Writer.TryWrite(true);
        }
    }
}
