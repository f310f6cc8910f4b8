namespace Mjolnir.WriteBehind;

/// <summary>What other threads ask of a worker, and what they wait for. Thread-safe; the worker's loop answers.</summary>
internal sealed class WorkerOrders
{
    private readonly Lock _lock = new();
    private readonly List<(long Batch, TaskCompletionSource Stored)> _waiting = [];
    private readonly TaskCompletionSource _ended = New();
    private TaskCompletionSource _ordered = New();
    private Task? _next;
    private long _stored;
    private readonly CancellationTokenSource _stopping = new();
    private Exception? _fault;

    public long Stored => Interlocked.Read(ref _stored);

    public bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>Cancelled when the worker is asked to stop. Its source has no timer and links to nothing, so nobody needs to dispose of it.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public bool IsDraining
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Ends with the next order that is given from now on. For the worker's loop only; what it gets is made once for each order, not once for each call.</summary>
    public Task NextOrder()
    {
        lock (_lock)
        {
            if (_ordered.Task.IsCompleted)
            {
                _ordered = New();
                _next = null;
            }

            return _next ??= OnOwnContextAsync(_ordered.Task);
        }
    }

    public Task DrainAsync(long batch, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (batch <= _stored)
            {
                return Task.CompletedTask;
            }

            if (_ended.Task.IsCompleted)
            {
                return Task.FromException(Ended(batch));
            }

            var stored = New();
            _waiting.Add((batch, stored));
            _ordered.TrySetResult();
            return OnOwnContextAsync(stored.Task).WaitAsync(cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping.Cancel();
        lock (_lock)
        {
            _ordered.TrySetResult();
        }

        return OnOwnContextAsync(_ended.Task).WaitAsync(cancellationToken);
    }

    /// <summary>The manifest lists everything up to this batch.</summary>
    public void MoveStored(long batch)
    {
        lock (_lock)
        {
            Interlocked.Exchange(ref _stored, batch);
            foreach (var (_, stored) in _waiting.Where(waiting => waiting.Batch <= batch))
            {
                stored.TrySetResult();
            }

            _waiting.RemoveAll(waiting => waiting.Batch <= batch);
        }
    }

    /// <summary>The loop has ended; by a fault, unless null. Who still waits for a batch learns it.</summary>
    public void End(Exception? fault)
    {
        lock (_lock)
        {
            _fault = fault;
            foreach (var (batch, stored) in _waiting)
            {
                stored.TrySetException(Ended(batch));
            }

            _waiting.Clear();
            _ended.TrySetResult();
        }
    }

    /// <summary>Ends where its caller is, not where it is woken: combined tasks would else end in the thread pool.</summary>
    private static async Task OnOwnContextAsync(Task task) => await task;

    private Exception Ended(long batch) => _fault ?? new InvalidOperationException($"The worker ended at batch {_stored}, before {batch}.");

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
