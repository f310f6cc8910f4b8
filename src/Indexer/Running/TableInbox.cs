using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Indexer.Tables;

namespace Mjolnir.Indexer.Running;

/// <summary>Consecutive batches of a log, with the rows of one table that they wrote.</summary>
/// <param name="Log">the log</param>
/// <param name="First">the first batch</param>
internal sealed record LogPart(string Log, long First)
{
    /// <summary>The last batch.</summary>
    public long Last { get; set; }

    /// <summary>The last batch that wrote rows of the table; 0 if none did.</summary>
    public long LastChange { get; set; }

    public List<RowChange> Rows { get; } = [];

    public long Bytes { get; set; }

    /// <summary>When the first of them was closed, by the clock of the server that made it: milliseconds.</summary>
    public required long Since { get; init; }
}

/// <summary>
/// What the workers have consumed and the writer of a table has not taken yet. It never makes a worker wait and never grows without end: when it is too much, what is there of a log is
/// dropped. The writer then finds a gap between its vector and what comes, and reads it from the store. Thread-safe.
/// </summary>
/// <param name="prefix">what the keys of the table's rows begin with</param>
/// <param name="limit">bytes of values held at most</param>
internal sealed class TableInbox(string prefix, long limit)
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _filled = new(0);
    private Dictionary<string, LogPart> _parts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _expected = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _ends = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>When the oldest batch was closed that waits here, in milliseconds; null if none waits.</summary>
    public long? Oldest
    {
        get
        {
            lock (_lock)
            {
                return _parts.Count == 0 ? null : _parts.Values.Min(static part => part.Since);
            }
        }
    }

    /// <summary>Takes in a batch that a worker consumed; a log's batches come in order.</summary>
    public void Offer(Batch batch)
    {
        lock (_lock)
        {
            if (IsVoid(batch.Log, batch.Number))
            {
                return;
            }

            if (!_parts.TryGetValue(batch.Log, out var part) || batch.Number != part.Last + 1)
            {
                if (part is not null && batch.Number <= part.Last)
                {
                    return;
                }

                Drop(part);
                _parts[batch.Log] = part = new LogPart(batch.Log, batch.Number) { Since = batch.UnixMilliseconds };
            }

            part.Last = batch.Number;
            Add(part, batch);
            if (_bytes > limit)
            {
                foreach (var each in _parts.Values)
                {
                    Drop(each);
                }

                _parts.Clear();
            }
        }

        Wake();
    }

    /// <summary>Takes all there is.</summary>
    public IReadOnlyCollection<LogPart> TakeAll()
    {
        lock (_lock)
        {
            var taken = _parts;
            (_parts, _bytes) = (new Dictionary<string, LogPart>(StringComparer.Ordinal), 0);
            return taken.Values;
        }
    }

    /// <summary>A log has this batch: if it does not wait here, it may have been missed, and the store is to be looked at.</summary>
    public void Expect(Stamp stamp)
    {
        lock (_lock)
        {
            if (_parts.TryGetValue(stamp.Log, out var part) && part.Last >= stamp.Batch)
            {
                return;
            }

            _expected[stamp.Log] = Math.Max(stamp.Batch, _expected.GetValueOrDefault(stamp.Log));
        }

        Wake();
    }

    /// <summary>Takes what is expected and did not come.</summary>
    public IReadOnlyList<Stamp> TakeExpected()
    {
        lock (_lock)
        {
            var taken = _expected.Select(static log => new Stamp(log.Key, log.Value)).ToList();
            _expected.Clear();
            return taken;
        }
    }

    /// <summary>A log was cut behind this batch (W4): what comes of it beyond never happened.</summary>
    public void Cut(Stamp end)
    {
        lock (_lock)
        {
            _ends[end.Log] = Math.Min(end.Batch, _ends.GetValueOrDefault(end.Log, long.MaxValue));
            if (_parts.TryGetValue(end.Log, out var part) && IsVoid(part.Log, part.Last))
            {
                Drop(part);
                _parts.Remove(part.Log);
            }
        }

        Wake();
    }

    /// <summary>True if something was taken in that a cut made void.</summary>
    /// <param name="applied">the last batch of a log that was taken in</param>
    public bool HasVoid(Func<string, long> applied)
    {
        lock (_lock)
        {
            return _ends.Any(end => applied(end.Key) > end.Value);
        }
    }

    /// <summary>Gives back what cannot be applied yet. It is dropped if what has come since does not follow it.</summary>
    public void Return(LogPart part)
    {
        lock (_lock)
        {
            if (IsVoid(part.Log, part.Last))
            {
                return;
            }

            if (_parts.TryGetValue(part.Log, out var since))
            {
                if (since.First != part.Last + 1)
                {
                    return;
                }

                (part.Last, part.LastChange) = (since.Last, Math.Max(part.LastChange, since.LastChange));
                part.Rows.AddRange(since.Rows);
                part.Bytes += since.Bytes;
                _bytes -= since.Bytes;
            }

            _parts[part.Log] = part;
            _bytes += part.Bytes;
        }
    }

    /// <summary>Waits until something came since the last wait.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _filled.WaitAsync(cancellationToken);

    /// <summary>Ends the next wait, though nothing came: something was given back.</summary>
    public void WakeAgain() => Wake();

    private void Wake()
    {
        lock (_lock)
        {
            if (_filled.CurrentCount == 0)
            {
                _filled.Release();
            }
        }
    }

    private bool IsVoid(string log, long batch) => _ends.TryGetValue(log, out var end) && batch > end;

    private void Drop(LogPart? part) => _bytes -= part?.Bytes ?? 0;

    private void Add(LogPart part, Batch batch)
    {
        for (var i = 0; i < batch.Records.Count; i++)
        {
            var record = batch.Records[i];
            if (record.Key.Text.StartsWith(prefix, StringComparison.Ordinal))
            {
                part.LastChange = batch.Number;
                part.Rows.Add(new RowChange(record.Key.PrimaryKey, record.Version, record.State == RowState.Present ? record.Value : null));
                var bytes = record.Key.Text.Length + (record.Value?.Utf8.Length ?? 0);
                part.Bytes += bytes;
                _bytes += bytes;
            }
        }
    }
}
