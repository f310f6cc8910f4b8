using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.WriteBehind.Telemetry;

namespace Mjolnir.WriteBehind;

/// <summary>How the work on a log ended.</summary>
public enum WorkerEnd
{
    /// <summary>Asked to stop: what was consumed is stored; the log goes on.</summary>
    Stopped,

    /// <summary>The log is sealed and everything below its watermark is stored.</summary>
    Sealed,
}

/// <summary>
/// The write-behind worker of one log: its single active consumer.
/// <code>
/// 1 become the active consumer, and only then read the manifest (W2)
/// 2 consume: drop what the manifest lists already, require that batch numbers follow
/// 3 a second after the first pending batch: manifest entry with its segment by create-if-absent, acknowledge (invariant 4)
///   the entry's number is taken: read the manifest again, drop what it lists, go on from there (W3)
///   the store does not answer: wait and try again; the queue grows
/// 4 seal marker: store all before it, create the seal as the next entry in the same way (W1), end
/// </code>
/// One loop owns all state; other threads see <see cref="StoredBatch"/> and ask by <see cref="DrainAsync"/> and <see cref="StopAsync"/>.
/// </summary>
public sealed class WriteBehindWorker(string log, ILogBroker broker, IObjectStore store, TimeProvider time, WriteBehindLimits limits, string writer)
{
    private readonly PendingBatches _pending = new(limits.RememberedVersions);
    private readonly TracedBatches _traced = new();
    private readonly WorkerOrders _orders = new();
    private LogPosition _position = new(0, 1, 0, false);
    private long _pendingSince;
    private long _lastDelivery;
    private long _sealDelivery;
    private long _received;
    private long _view;
    private bool _isActive;

    /// <summary>The log.</summary>
    public string Log { get; } = log;

    /// <summary>The last batch that the store's manifest is known to list.</summary>
    public long StoredBatch => _orders.Stored;

    /// <summary>Batches consumed and not stored yet.</summary>
    public long Backlog => Math.Max(0, Interlocked.Read(ref _received) - StoredBatch);

    /// <summary>True from when this worker became the log's active consumer.</summary>
    public bool IsActive => Volatile.Read(ref _isActive);

    /// <summary>Called when the store lists more than before, from the worker's loop: it must be quick and must not throw.</summary>
    public Action? Moved { get; init; }

    /// <summary>Called for each batch consumed, redelivered ones left out, from the worker's loop: it must be quick and must not throw.</summary>
    public Action<Batch>? Consumed { get; init; }

    /// <summary>
    /// Works until the log is sealed, <see cref="StopAsync"/> is called, or something is wrong. To be called once.
    /// </summary>
    /// <exception cref="InvariantException">the log's batches or versions do not follow each other: nothing is guessed, nothing acknowledged</exception>
    /// <exception cref="DamagedMessageException">a message is damaged</exception>
    /// <exception cref="CorruptDataException">registration, manifest or run chain are damaged: they may be put back from a copy</exception>
    public async Task<WorkerEnd> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var end = await ActAsync(cancellationToken);
            _orders.End(null);
            return end;
        }
        catch (OperationCanceledException) when (_orders.IsStopping && !IsActive && !cancellationToken.IsCancellationRequested)
        {
            _orders.End(null);
            return WorkerEnd.Stopped;
        }
        catch (Exception fault)
        {
            _orders.End(fault);
            throw;
        }
    }

    /// <summary>Stores at once, without waiting for company, and returns when the store lists this batch.</summary>
    /// <exception cref="InvalidOperationException">the worker ended before that</exception>
    public Task DrainAsync(long throughBatch, CancellationToken cancellationToken) => _orders.DrainAsync(throughBatch, cancellationToken);

    /// <summary>Stores everything consumed so far and ends the work; returns when it has ended.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _orders.StopAsync(cancellationToken);

    private async Task<WorkerEnd> ActAsync(CancellationToken cancellationToken)
    {
        var isEarly = limits.Suspended == SuspendedStoreRule.W1;
        await (isEarly ? WithStoreAsync(RefreshAsync, cancellationToken) : ValueTask.CompletedTask);
        await using var consumer = await OpenConsumerAsync(cancellationToken);
        Volatile.Write(ref _isActive, true);
        await (isEarly ? ValueTask.CompletedTask : WithStoreAsync(RefreshAsync, cancellationToken));
        RequireStored(consumer.Acknowledged ?? 0);
        return _position.IsEnded ? WorkerEnd.Sealed : await ConsumeAsync(consumer, cancellationToken);
    }

    /// <summary>What the log forgot, because it was stored, must be in the store: else its newest objects were taken away.</summary>
    private void RequireStored(long acknowledged)
    {
        if (acknowledged > _position.LastBatch && !_position.IsEnded)
        {
            throw new CorruptDataException(
                $"Log {Log} says that its batches to {acknowledged} were stored, and its manifest ends with batch {_position.LastBatch}: its next entry is missing",
                ObjectNames.ManifestEntry(Log, _position.NextEntry));
        }
    }

    /// <summary>Waits while another worker is active; being stopped ends this wait.</summary>
    private async ValueTask<ILogConsumer> OpenConsumerAsync(CancellationToken cancellationToken)
    {
        using var opening = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _orders.Stopping);
        return await broker.OpenConsumerAsync(Log, opening.Token);
    }

    private async Task<WorkerEnd> ConsumeAsync(ILogConsumer consumer, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<IReadOnlyList<LogMessage>>? reading = null;
        try
        {
            while (!_position.IsEnded)
            {
                // What is there comes first, so that stopping and draining store all of it.
                reading ??= consumer.ReadAsync(ending.Token).AsTask();
                var hasMessages = await HasMessagesAsync(reading, cancellationToken);
                if (hasMessages)
                {
                    var messages = await reading;
                    reading = null;
                    await TakeAsync(messages, cancellationToken);
                    await GatherAsync(cancellationToken);
                }

                if (_sealDelivery != 0)
                {
                    await SealAsync(consumer, cancellationToken);
                }
                else if (IsDue(isIdle: !hasMessages))
                {
                    await FlushAsync(consumer, cancellationToken);
                }
                else if (!hasMessages && _orders.IsStopping)
                {
                    return WorkerEnd.Stopped;
                }
            }

            return WorkerEnd.Sealed;
        }
        finally
        {
            ending.Cancel();
            await EndedAsync(reading);
        }
    }

    /// <summary>Lets some messages come together before the next are taken: a wake for each would cost as much as the message. Not where somebody waits for what is taken.</summary>
    private async ValueTask GatherAsync(CancellationToken cancellationToken)
    {
        // Orders given from here on end the wait.
        var ordered = _orders.NextOrder();
        if (_sealDelivery == 0 && !IsDue(isIdle: true) && !_orders.IsStopping)
        {
            await WaitAsync([ordered], limits.Gathering, cancellationToken);
        }
    }

    /// <summary>Waits for messages; false when something else is to be done first.</summary>
    private async ValueTask<bool> HasMessagesAsync(Task reading, CancellationToken cancellationToken)
    {
        // Orders given from here on end the wait; those given before are seen by the looks that follow.
        var ordered = _orders.NextOrder();
        if (reading.IsCompleted || IsDue(isIdle: true) || _orders.IsStopping)
        {
            return reading.IsCompleted;
        }

        // Timers count whole milliseconds: what is left of the last one is waited for too, not spun away.
        var rest = Math.Max(0, Math.Ceiling((Linger() - time.GetElapsedTime(_pendingSince)).TotalMilliseconds));
        await WaitAsync([reading, ordered], _pending.Count == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(rest), cancellationToken);
        return reading.IsCompleted;
    }

    /// <summary>Waits until one of these has come to its end, and so long at most. All end on the loop's own context, also when cancelled, and without a throw for each wait: what ends elsewhere cannot be simulated.</summary>
    private async Task WaitAsync(Task[] some, TimeSpan longest, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        async Task PauseAsync() =>
            await Task.Delay(longest, time, waiting.Token).ToItsEnd();
        await Task.WhenAny([.. some, PauseAsync()]);
        waiting.Cancel();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>True if there is something to store or acknowledge, and it waits for nothing more.</summary>
    private bool IsDue(bool isIdle)
    {
        if (_pending.Count == 0)
        {
            return _lastDelivery != 0;
        }

        var isHurried = _orders.IsStopping || _orders.IsDraining || _pending.HasView;
        return (isIdle && isHurried)
            || _pending.Bytes >= limits.PendingBytes
            || _pending.Count >= limits.PendingBatches
            || time.GetElapsedTime(_pendingSince) >= Linger();
    }

    private TimeSpan Linger() => _pending.Matters ? limits.FlushInterval : limits.IdleFlushInterval;

    private async ValueTask TakeAsync(IReadOnlyList<LogMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var message in messages)
        {
            if (message.IsSealMarker)
            {
                // What follows the marker is void: it is acknowledged with it and never looked at.
                _sealDelivery = messages[^1].Delivery;
                return;
            }

            await TakeAsync(message, cancellationToken);
        }
    }

    private async ValueTask TakeAsync(LogMessage message, CancellationToken cancellationToken)
    {
        var batch = Decoded(message);
        var next = NextBatch();
        if (batch.Number > next)
        {
            // Another worker may have listed what lies between (W3).
            await WithStoreAsync(RefreshAsync, cancellationToken);
            next = NextBatch();
        }

        Invariant.Require(batch.Number <= next, ViolationKind.BatchGap, $"Batch {batch.Number} of log {Log} came where {next} follows: batches are missing. Either the log lost them, or the store is an older copy of what it was.");
        if (batch.Number < next)
        {
            Invariant.Require(batch.Number <= _position.LastBatch, ViolationKind.BatchDuplicate, $"Batch {batch.Number} of log {Log} came twice.");
            _lastDelivery = message.Delivery;
            return;
        }

        // A server crosses to later views only, and says so before it writes under them (V12, W8).
        Invariant.Require(
            batch.View >= Math.Max(_view, _position.LastView),
            ViolationKind.StampOrder,
            $"Batch {batch.Number} of log {Log} was made under view {batch.View}, behind view {Math.Max(_view, _position.LastView)}: views go back.");
        _view = batch.View;
        var mattered = _pending.Matters;
        _pending.Add(batch, message.Body.Length, message.Delivery);
        if (_pending.Count == 1 || _pending.Matters != mattered)
        {
            _pendingSince = time.GetTimestamp();
        }

        _traced.Consumed(Log, batch.Number, message.TraceParent);
        Interlocked.Exchange(ref _received, batch.Number);
        Consumed?.Invoke(batch);
    }

    private Batch Decoded(LogMessage message)
    {
        try
        {
            var batch = BatchCodec.Decode(message.Body);
            Invariant.Require(batch.Log == Log, $"A batch of log {batch.Log} is in log {Log}.");
            return batch;
        }
        catch (CorruptDataException fault)
        {
            throw new DamagedMessageException($"Message {message.Delivery} of log {Log} is damaged: {fault.Message}", fault);
        }
    }

    private long NextBatch() => (_pending.Count > 0 ? _pending.LastBatch : _position.LastBatch) + 1;

    private async ValueTask FlushAsync(ILogConsumer consumer, CancellationToken cancellationToken)
    {
        await WithStoreAsync(StorePendingAsync, cancellationToken);
        if (_lastDelivery != 0 && _pending.Count == 0)
        {
            await consumer.AcknowledgeAsync(_lastDelivery, cancellationToken);
            _lastDelivery = 0;
        }
    }

    private async ValueTask SealAsync(ILogConsumer consumer, CancellationToken cancellationToken)
    {
        await WithStoreAsync(StoreSealAsync, cancellationToken);
        await consumer.AcknowledgeAsync(_sealDelivery, cancellationToken);
    }

    /// <summary>Stores what is pending; ends with nothing pending that the manifest does not list.</summary>
    private async ValueTask StorePendingAsync(CancellationToken cancellationToken)
    {
        while (_pending.Count > 0 && !_position.IsEnded)
        {
            var (entry, segment) = PendingEntry();
            await CreateEntryAsync(entry, segment, cancellationToken);
        }
    }

    /// <summary>Stores what is pending and ends the manifest; a seal that another worker wrote is as good (W1).</summary>
    private async ValueTask StoreSealAsync(CancellationToken cancellationToken)
    {
        while (!_position.IsEnded)
        {
            await StorePendingAsync(cancellationToken);
            if (!_position.IsEnded)
            {
                await CreateEntryAsync(SealEntry(), [], cancellationToken);
            }
        }
    }

    private (ManifestEntry Entry, byte[] Segment) PendingEntry()
    {
        var rows = _pending.Rows();
        var segment = rows.Count == 0 ? [] : SegmentWriter.Write(rows);
        var entry = new ManifestEntry(
            Log, _position.NextEntry, ManifestKind.Segment, _pending.FirstBatch, _pending.LastBatch, _pending.LastView(_position.LastView), _pending.Foreign(), writer, rows.Count, segment.Length);
        return (entry, segment);
    }

    private ManifestEntry SealEntry() =>
        new(Log, _position.NextEntry, ManifestKind.Seal, _position.LastBatch, _position.LastBatch, _position.LastView, [], writer, 0, 0);

    /// <summary>Creates our entry, or learns what stands in its place.</summary>
    private async ValueTask CreateEntryAsync(ManifestEntry entry, byte[] segment, CancellationToken cancellationToken)
    {
        var outcome = await store.CreateSettledAsync(ObjectNames.ManifestEntry(Log, entry.Number), ManifestCodec.Encode(entry, segment), cancellationToken);
        if (outcome == CreateOutcome.Created)
        {
            MoveTo(_position.Behind(entry));
        }
        else if (entry.Kind == ManifestKind.Seal && limits.Suspended == SuspendedStoreRule.W1)
        {
            _position = _position with { NextEntry = entry.Number + 1 };
        }
        else
        {
            // Never the next number with the same segment: what stands there may list the same batches (W3).
            await RefreshAsync(cancellationToken);
        }
    }

    private async ValueTask RefreshAsync(CancellationToken cancellationToken) =>
        MoveTo(await LogPosition.ReadAsync(store, Log, cancellationToken));

    private void MoveTo(LogPosition position)
    {
        _position = position;
        _lastDelivery = Math.Max(_lastDelivery, _pending.DropThrough(position.LastBatch));
        Invariant.Require(
            _pending.Count == 0 || _pending.FirstBatch == position.LastBatch + 1 || position.IsEnded,
            $"The manifest of log {Log} ends with batch {position.LastBatch}, and {(_pending.Count > 0 ? _pending.FirstBatch : 0)} is pending.");
        _traced.StoredThrough(position.LastBatch);
        _orders.MoveStored(position.LastBatch);
        Moved?.Invoke();
    }

    /// <summary>Does a step that needs the store, however long the store does not answer: the wait is bounded, and each step may be done again.</summary>
    private async ValueTask WithStoreAsync(Func<CancellationToken, ValueTask> step, CancellationToken cancellationToken)
    {
        for (var wait = limits.FirstBackOff; ; wait = TimeSpan.FromTicks(Math.Min(2 * wait.Ticks, limits.LongestBackOff.Ticks)))
        {
            try
            {
                await step(cancellationToken);
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(wait, time, cancellationToken);
            }
        }
    }

    private static Task EndedAsync(Task? reading) =>
        reading?.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default) ?? Task.CompletedTask;
}
