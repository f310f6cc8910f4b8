using Mjolnir.Core.Batches;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Roles;

/// <summary>Tells indexers what the workers of this process have consumed. While no indexer is heard, nothing is told, and nothing is opened at the broker. Thread-safe.</summary>
internal sealed class IndexFeed : IAsyncDisposable
{
    private readonly ClusterServices _services;
    private readonly Action<Exception> _report;
    private readonly IDisposable _listening;
    private readonly Lock _gate = new();
    private RabbitMqBatchFeed? _feed;
    private long _heard;
    private bool _isDisposed;

    /// <param name="services">the bus where indexers are heard, and the broker</param>
    /// <param name="report">told of each loss of the connection</param>
    public IndexFeed(ClusterServices services, Action<Exception> report)
    {
        (_services, _report) = (services, report);
        _listening = services.Bus.Listen(Hear);
    }

    /// <summary>Takes a batch that a worker consumed. Returns at once.</summary>
    public void Offer(Batch batch)
    {
        if (Volatile.Read(ref _feed) is { } feed && _services.Time.GetElapsedTime(Interlocked.Read(ref _heard)) < RoleLimits.IndexerMemory)
        {
            feed.Tell(batch);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listening.Dispose();
        RabbitMqBatchFeed? feed;
        lock (_gate)
        {
            (feed, _feed, _isDisposed) = (_feed, null, true);
        }

        if (feed is not null)
        {
            await feed.DisposeAsync();
        }
    }

    private void Hear(ClusterNotice notice)
    {
        if (notice is IndexerBeat)
        {
            Interlocked.Exchange(ref _heard, _services.Time.GetTimestamp());
            lock (_gate)
            {
                if (!_isDisposed)
                {
                    _feed ??= _services.OpenBatchFeed(hears: false, _report);
                }
            }
        }
    }
}
