using System.Collections.Concurrent;
using System.Threading.Channels;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Live;

/// <summary>
/// Which live views show which rows. A change costs the lane one look-up and one flag per row, however many views show it; who shows it is found out by a task of our own. What waits
/// there is bounded by the rows watched: a row that is marked already is not marked twice.
/// </summary>
internal sealed class WatchedRows : IAsyncDisposable
{
    private readonly ConcurrentDictionary<RowKey, Row> _rows = new();
    private readonly ConcurrentQueue<Row> _changed = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Task _pump;
    private long _changes;

    public WatchedRows() => _pump = Task.Run(PumpAsync);

    /// <summary>
    /// Rises with every notice. A view reads it before it renders and again after it has begun to watch what it read: if it has risen, a change may have fallen
    /// between, and the view renders once more.
    /// </summary>
    public long Changes => Volatile.Read(ref _changes);

    public int Count => _rows.Count;

    /// <summary>Takes a notice, on the lane's thread.</summary>
    public void OnChanged(IReadOnlyList<RowKey> keys)
    {
        Interlocked.Increment(ref _changes);
        var marked = false;
        for (var i = 0; i < keys.Count; i++)
        {
            if (_rows.TryGetValue(keys[i], out var row) && row.Mark())
            {
                _changed.Enqueue(row);
                marked = true;
            }
        }

        if (marked)
        {
            _wake.Writer.TryWrite(true);
        }
    }

    public void Watch(RowKey key, LiveView view)
    {
        while (true)
        {
            var row = _rows.GetOrAdd(key, static _ => new Row());
            lock (row.Views)
            {
                // A row whose last view just left is no longer in the dictionary: take a new one.
                if (!row.IsDropped)
                {
                    row.Views.Add(view);
                    return;
                }
            }
        }
    }

    public void Unwatch(RowKey key, LiveView view)
    {
        if (!_rows.TryGetValue(key, out var row))
        {
            return;
        }

        lock (row.Views)
        {
            row.Views.Remove(view);
            if (row.Views.Count == 0 && !row.IsDropped)
            {
                row.IsDropped = true;
                _rows.TryRemove(key, out _);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _wake.Writer.TryComplete();
        await _pump;
    }

    private async Task PumpAsync()
    {
        while (await _wake.Reader.WaitToReadAsync())
        {
            _wake.Reader.TryRead(out _);
            while (_changed.TryDequeue(out var row))
            {
                row.Unmark();
                lock (row.Views)
                {
                    foreach (var view in row.Views)
                    {
                        view.MarkChanged();
                    }
                }
            }
        }
    }

    private sealed class Row
    {
        private int _marked;

        public HashSet<LiveView> Views { get; } = [];

        public bool IsDropped { get; set; }

        public bool Mark() => Interlocked.Exchange(ref _marked, 1) == 0;

        public void Unmark() => Volatile.Write(ref _marked, 0);
    }
}
