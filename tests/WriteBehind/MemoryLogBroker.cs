using Mjolnir.Storage.Logs;

namespace Mjolnir.WriteBehind.Tests;

/// <summary>
/// Logs in memory that redeliver as a real queue does: a new consumer gets everything that is not acknowledged. With <see cref="Steals"/> a new consumer does not wait for the
/// one before to leave, as when a queue takes a paused consumer for dead; what that one acknowledges still counts.
/// </summary>
internal sealed class MemoryLogBroker : ILogBroker
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue> _queues = new(StringComparer.Ordinal);

    public bool Steals { get; init; }

    public long Acknowledged(string log) => Of(log).Acknowledged;

    public int Waiting(string log) => Of(log).Messages.Count - (int)Of(log).Acknowledged;

    public ValueTask DeclareAsync(string log, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _queues.Add(log, new Queue(Steals));
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>The process of every consumer was killed: all of them have left.</summary>
    public void ForgetConsumers()
    {
        lock (_lock)
        {
            foreach (var queue in _queues.Values)
            {
                queue.Forget();
            }
        }
    }

    public void Lose(string log)
    {
        lock (_lock)
        {
            if (_queues.Remove(log, out var queue))
            {
                queue.Lose();
            }
        }
    }

    public ValueTask<ILogPublisher> OpenPublisherAsync(string log, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ILogPublisher>(new Publisher(log, Of(log)));

    public async ValueTask<ILogConsumer> OpenConsumerAsync(string log, CancellationToken cancellationToken)
    {
        var queue = Of(log);
        await queue.EnterAsync(log, cancellationToken);
        return new Consumer(queue);
    }

    public ValueTask UnbindAsync(string log, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_queues.TryGetValue(log, out var queue))
            {
                queue.IsBound = false;
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask SendSealMarkerAsync(string log, CancellationToken cancellationToken)
    {
        Of(log).Add(null);
        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(string log, CancellationToken cancellationToken)
    {
        Lose(log);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<string>> ListAsync(IReadOnlyCollection<string> registered, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return ValueTask.FromResult<IReadOnlyList<string>>([.. _queues.Keys.Order(StringComparer.Ordinal)]);
        }
    }

    private Queue Of(string log)
    {
        lock (_lock)
        {
            return _queues.GetValueOrDefault(log) ?? throw new UnknownLogException(log);
        }
    }

    private sealed class Queue(bool steals)
    {
        private readonly Lock _lock = new();
        private SemaphoreSlim _active = new(1);
        private TaskCompletionSource _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<ReadOnlyMemory<byte>?> Messages { get; } = [];

        public long Acknowledged { get; set; }

        public bool IsBound { get; set; } = true;

        public CancellationTokenSource Lost { get; } = new();

        public async Task EnterAsync(string log, CancellationToken cancellationToken)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Lost.Token);
            try
            {
                await (steals ? Task.CompletedTask : _active.WaitAsync(waiting.Token));
            }
            catch (OperationCanceledException) when (Lost.IsCancellationRequested)
            {
                throw new UnknownLogException(log);
            }
        }

        /// <summary>The queue is gone: its consumers learn it.</summary>
        public void Lose()
        {
            IsBound = false;
            Lost.Cancel();
        }

        public void Forget() => _active = new SemaphoreSlim(1);

        public void Leave()
        {
            if (!steals)
            {
                _active.Release();
            }
        }

        public void Add(ReadOnlyMemory<byte>? message)
        {
            lock (_lock)
            {
                Messages.Add(message);
                _arrival.TrySetResult();
                _arrival = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public (IReadOnlyList<LogMessage> Messages, Task Arrival) Behind(long delivery)
        {
            lock (_lock)
            {
                return ([.. Messages.Skip((int)delivery).Select((body, i) => new LogMessage(delivery + i + 1, body ?? default, body is null))], _arrival.Task);
            }
        }
    }

    private sealed class Publisher(string log, Queue queue) : ILogPublisher
    {
        public string Log => log;

        public ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            if (!queue.IsBound)
            {
                return ValueTask.FromResult(PublishOutcome.Unroutable);
            }

            queue.Add(message.ToArray());
            return ValueTask.FromResult(PublishOutcome.Confirmed);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Consumer(Queue queue) : ILogConsumer
    {
        private long _delivered = -1;

        public async ValueTask<IReadOnlyList<LogMessage>> ReadAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                if (_delivered < 0)
                {
                    _delivered = queue.Acknowledged;
                }

                var (messages, arrival) = queue.Behind(_delivered);
                if (messages.Count > 0)
                {
                    _delivered = messages[^1].Delivery;
                    return messages;
                }

                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, queue.Lost.Token);
                try
                {
                    await arrival.WaitAsync(waiting.Token);
                }
                catch (OperationCanceledException) when (queue.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    throw new LogUnavailableException("The queue is gone.");
                }
            }
        }

        public ValueTask AcknowledgeAsync(long delivery, CancellationToken cancellationToken)
        {
            queue.Acknowledged = Math.Max(queue.Acknowledged, delivery);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            queue.Leave();
            return ValueTask.CompletedTask;
        }
    }
}
