using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Tables;

namespace Mjolnir.Indexer.Verifying;

/// <summary>
/// What a verification and the loop of a table's writer have in common: requests of the one that the other carries out between two steps, when nothing is half done. One verification at a
/// time. Thread-safe.
/// </summary>
internal sealed class VerifiedWriter
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _one = new(1);
    private readonly Queue<Action<TableWriter>> _requests = new();
    private readonly Action _wake;

    // Per log the last batch with rows of the table that came from a worker: only these may be missing in the store.
    private readonly Dictionary<string, long> _changed = new(StringComparer.Ordinal);
    private Dictionary<string, RowChange>? _noted;
    private bool _isHeld;
    private bool _isWhole;

    /// <param name="wake">has the loop come round soon</param>
    public VerifiedWriter(Action wake) => _wake = wake;

    /// <summary>False if the writer started over since the verification began.</summary>
    public bool IsWhole
    {
        get
        {
            lock (_lock)
            {
                return _isWhole;
            }
        }
    }

    /// <summary>True while pages that readers need no more are to stay.</summary>
    public bool IsHeld
    {
        get
        {
            lock (_lock)
            {
                return _isHeld;
            }
        }
    }

    /// <summary>A verification begins: the batches whose rows are in the head of now and perhaps not in the store yet, per log the last. From now on changes are noted. Waits for the one before.</summary>
    public async Task<IReadOnlyList<Stamp>> BeginAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return await AskAsync<IReadOnlyList<Stamp>>(
                _ =>
                {
                    (_noted, _isWhole) = (new Dictionary<string, RowChange>(StringComparer.Ordinal), true);
                    return [.. _changed.Select(static log => new Stamp(log.Key, log.Value))];
                },
                cancellationToken);
        }
        catch
        {
            End();
            throw;
        }
    }

    /// <summary>The head of now and what was noted, if the head has all these batches; else null. Its pages stay until the end.</summary>
    public Task<(IndexHead Head, IReadOnlyCollection<RowChange> Noted)?> TryTakeAsync(IReadOnlyCollection<Stamp> ends, CancellationToken cancellationToken) => AskAsync<(IndexHead, IReadOnlyCollection<RowChange>)?>(
        writer =>
        {
            if (!_isWhole || ends.Any(end => writer.AppliedOf(end.Log) < end.Batch))
            {
                return null;
            }

            var noted = _noted!.Values;
            (_noted, _isHeld) = (null, true);
            return (writer.Head!, noted);
        },
        cancellationToken);

    /// <summary>The verification is over.</summary>
    public void End()
    {
        lock (_lock)
        {
            (_noted, _isHeld, _isWhole) = (null, false, false);
        }

        _one.Release();
    }

    /// <summary>By the writer's loop: the step applied these changes.</summary>
    /// <param name="rows">the changes</param>
    /// <param name="changed">per log that came from a worker, the last batch with such changes; 0 if it had none</param>
    public void Note(IEnumerable<RowChange> rows, IEnumerable<Stamp> changed)
    {
        lock (_lock)
        {
            foreach (var stamp in changed.Where(static stamp => stamp.Batch > 0))
            {
                _changed[stamp.Log] = stamp.Batch;
            }

            if (_noted is null)
            {
                return;
            }

            foreach (var row in rows)
            {
                if (!_noted.TryGetValue(row.PrimaryKey, out var known) || row.Version > known.Version)
                {
                    _noted[row.PrimaryKey] = row;
                }
            }
        }
    }

    /// <summary>By the writer's loop: it starts over, from the store.</summary>
    public void StartOver()
    {
        lock (_lock)
        {
            _changed.Clear();
            (_noted, _isHeld, _isWhole) = (null, false, false);
        }
    }

    /// <summary>By the writer's loop, between two steps.</summary>
    public void CarryOut(TableWriter writer)
    {
        lock (_lock)
        {
            while (_requests.TryDequeue(out var request))
            {
                request(writer);
            }
        }
    }

    private async Task<T> AskAsync<T>(Func<TableWriter, T> answer, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _requests.Enqueue(writer =>
            {
                if (!cancellationToken.IsCancellationRequested)
                {
                    answered.SetResult(answer(writer));
                }
            });
        }

        _wake();
        return await answered.Task.WaitAsync(cancellationToken);
    }
}
