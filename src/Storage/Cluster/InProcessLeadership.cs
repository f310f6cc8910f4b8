using System.Collections.Concurrent;

namespace Mjolnir.Storage.Cluster;

/// <summary>Leadership among the parts of one process: tests of cluster life.</summary>
public sealed class InProcessLeadership : ILeadership
{
    private readonly ConcurrentDictionary<string, Lease> _leaders = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ValueTask<ILeaderLease?> TryLeadAsync(string task, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var lease = new Lease(this, task);
        return ValueTask.FromResult<ILeaderLease?>(_leaders.TryAdd(task, lease) ? lease : null);
    }

    /// <summary>Takes the task away from whoever leads it, as a broker does with one that it takes for dead: another may lead at once, before the first one notices.</summary>
    public void Revoke(string task)
    {
        if (_leaders.TryRemove(task, out var lease))
        {
            lease.Lose();
        }
    }

    private sealed class Lease(InProcessLeadership all, string task) : ILeaderLease
    {
        private readonly CancellationTokenSource _lost = new();

        public CancellationToken Lost => _lost.Token;

        public void Lose() => _lost.Cancel();

        public ValueTask DisposeAsync()
        {
            all._leaders.TryRemove(new KeyValuePair<string, Lease>(task, this));
            return ValueTask.CompletedTask;
        }
    }
}
