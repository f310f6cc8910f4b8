using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind.Warming;

namespace Mjolnir.WriteBehind.Views;

/// <summary>Warming the shards of the active view, and deleting what they hold of slots that they lost. A new keeper warms all again: adding what is there costs little.</summary>
internal sealed partial class KeeperTerm
{
    private readonly Dictionary<string, long> _warm = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _refusedAt = new(StringComparer.Ordinal);
    private volatile WarmingRun? _warming;
    private long _warmedView;
    private long _warmedAt;
    private long _warmedRows;
    private long _warmingRows;

    /// <summary>Rows put into shards so far and rows in all; both 0 while nothing is being warmed. From any thread.</summary>
    public (long Rows, long Total) Warming => _warming is { Ends.IsCompleted: false } run ? (run.Rows, run.Total) : default;

    private WarmShard[] Warm => [.. _warm.OrderBy(shard => shard.Key, StringComparer.Ordinal).Select(shard => new WarmShard(shard.Key, shard.Value))];

    private async ValueTask WarmAsync(CancellationToken cancellationToken)
    {
        if (_active is null)
        {
            return;
        }

        if (_warming is { Ends.IsCompleted: true })
        {
            await TakeWarmingAsync(_warming);
        }
        else if (_warming?.View.Number != _active.Number)
        {
            _warming?.Cancel();
        }

        (_warmedRows, _warmingRows) = _warming is { } run ? (run.Rows, run.Total) : (_warmedRows, 0);
        var cold = ColdRanges(_active);
        var isDone = _warmedView == _active.Number && (cold.Count == 0 || _time.GetElapsedTime(_warmedAt) < _limits.WarmAgain);
        if (_warming is null && !isDone && _active.Shards.All(IsAsLabelled))
        {
            _warming = new WarmingRun(_options, _registry, _active, cold, News, cancellationToken);
        }
    }

    /// <summary>A shard that lost its memory, or was not looked at yet, is not filled: the next view empties it, and where a whole cluster starts again its servers need the processor.</summary>
    private bool IsAsLabelled(ShardDescription shard) => _probes.TryGetValue((shard.Name, shard.Address), out var probe) && probe.Bears(shard.Label);

    private List<SlotRange> ColdRanges(ClusterView view) =>
        [.. view.Slots.Where(range => range.Since > _warm.GetValueOrDefault(view.Shards[range.Shard].Label) && !IsOverfull(view.Shards[range.Shard]))];

    /// <summary>A shard that warming filled to the brim is emptied and labelled anew like every one that refused for memory, and then left cold for a while: else it would go round and round.</summary>
    private bool IsOverfull(ShardDescription shard) => _refusedAt.TryGetValue(shard.Name, out var at) && _time.GetElapsedTime(at) < _limits.WarmAgain;

    private async ValueTask TakeWarmingAsync(WarmingRun run)
    {
        await run.DisposeAsync();
        _warming = null;
        foreach (var shard in run.View.Shards.Where(shard => run.Refusing.Contains(shard.Label)))
        {
            Report($"shard {shard.Name} is full: it cannot hold the rows of its slots");
            _fullLabels.Add(shard.Label);
            _refusedAt[shard.Name] = _time.GetTimestamp();
        }

        if (run.Warm is { } labels)
        {
            (_warmedView, _warmedAt, _warmedRows) = (run.View.Number, _time.GetTimestamp(), run.Rows);
            foreach (var label in labels)
            {
                _warm[label] = run.View.Number;
            }

            Report($"view {run.View.Number}: {run.Rows} rows put into shards, {run.Deleted} of lost slots deleted, {labels.Count} shards warm");
        }

        foreach (var label in _warm.Keys.Where(label => _active!.Shards.All(shard => shard.Label != label)).ToArray())
        {
            _warm.Remove(label);
        }
    }

    private async ValueTask EndWarmingAsync()
    {
        if (_warming is { } run)
        {
            await run.DisposeAsync();
        }
    }

    /// <summary>One warming, beside the keeper's loop. It ends when it is done, or disposed of because the view is no longer the active one.</summary>
    private sealed class WarmingRun : IAsyncDisposable
    {
        private readonly ViewKeeperOptions _options;
        private readonly CancellationTokenSource _stop;
        private Warmer? _warmer;
        private Exception? _fault;

        public WarmingRun(ViewKeeperOptions options, Storage.Registry.ClusterRegistry registry, ClusterView view, IReadOnlyList<SlotRange> cold, Action ended, CancellationToken cancellationToken)
        {
            _options = options;
            View = view;
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Ends = RunAsync(registry, cold, ended);
        }

        public ClusterView View { get; }

        public Task Ends { get; }

        /// <summary>The labels of the shards that are warm now; null unless the walk came to its end.</summary>
        public IReadOnlyList<string>? Warm { get; private set; }

        public IReadOnlyCollection<string> Refusing => Volatile.Read(ref _warmer)?.Refusing ?? [];

        public long Rows => Volatile.Read(ref _warmer)?.Done ?? 0;

        public long Deleted => Volatile.Read(ref _warmer)?.Deleted ?? 0;

        public long Total { get; private set; }

        public void Cancel() => _stop.Cancel();

        public async ValueTask DisposeAsync()
        {
            _stop.Cancel();
            await Ends;
            _stop.Dispose();
            if (_fault is not null)
            {
                throw _fault;
            }
        }

        private async Task RunAsync(Storage.Registry.ClusterRegistry registry, IReadOnlyList<SlotRange> cold, Action ended)
        {
            await RunAsync(registry, cold);
            ended();
        }

        private async Task RunAsync(Storage.Registry.ClusterRegistry registry, IReadOnlyList<SlotRange> cold)
        {
            var connections = View.Shards.Select(_options.Connect).ToArray();
            try
            {
                var rows = await StoredRows.OpenAsync(_options.Store, _stop.Token);
                Total = rows.Snapshot.Head.Runs.Sum(run => run.Rows) + rows.Snapshot.Logs.SelectMany(log => log.Entries).Sum(entry => entry.Rows);
                var leftovers = Leftovers.Of(View, await OlderAsync(registry));
                Volatile.Write(ref _warmer, new Warmer(View, connections, _options.Time) { Ranges = cold, Leftovers = leftovers, Damaged = _options.Damaged });
                Warm = cold.Count + leftovers.Count == 0 ? [] : await _warmer!.RunAsync(rows, null, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // Another view is active, or another keeper is at work.
            }
            catch (Exception fault) when (PassingFault.Is(fault) || fault is CollectedObjectException)
            {
                // Adding is never urgent: rows are loaded on demand meanwhile. Begun anew after a pause.
                await Task.Delay(_options.Limits.BackOff, _options.Time, _stop.Token).ToItsEnd();
            }
            catch (CorruptDataException fault)
            {
                // Of an object that is gone or cut off nobody knows what it held, so nothing is believed to be all there. Shards go on asking the store, and it is tried again when others would be.
                _options.Damaged(new DamagedRows(fault.ObjectName ?? "the store", null, null, null, 0, Slots.Count - 1, fault));
                Warm = [];
            }
            catch (Exception fault)
            {
                _fault = fault;
            }
            finally
            {
                foreach (var connection in connections)
                {
                    await connection.DisposeAsync();
                }
            }
        }

        /// <summary>Older views, as long as they have a label in common with this one.</summary>
        private async Task<List<ClusterView>> OlderAsync(Storage.Registry.ClusterRegistry registry)
        {
            var labels = View.Shards.Select(shard => shard.Label).ToHashSet(StringComparer.Ordinal);
            var older = new List<ClusterView>();
            for (var number = View.Number - 1; number > 0 && older.Count < _options.Limits.OlderViews; number--)
            {
                if (await registry.ReadViewAsync(number, _stop.Token) is not { } view || !view.Shards.Any(shard => labels.Contains(shard.Label)))
                {
                    break;
                }

                older.Add(view);
            }

            return older;
        }
    }
}
