using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Simulation.Tests.Logs;

/// <summary>A consumer of a queue, as RabbitMQ has it: it is known to be active by its first delivery; when its channel ends, what it did not acknowledge is delivered to the next.</summary>
internal sealed class SimulatedConsumer : ILogConsumer
{
    private const int MostInRead = 64;

    private readonly SimulatedQueue _queue;
    private readonly SimulatedProcess _process;
    private readonly Queue<LogMessage> _arrived = new();
    private TaskCompletionSource? _waiting;
    private string? _lost;
    private long _lastArrival;
    private int _acknowledging;
    private bool _isDisposed;

    public SimulatedConsumer(SimulatedQueue queue, SimulatedProcess process)
    {
        (_queue, _process) = (queue, process);
        process.OnEnd(() => process.Loop.After(TimeSpan.FromMilliseconds(process.Loop.Network.Between(1, 500)), () => Lose("the process is dead")));
    }

    /// <summary>The position of the next message to be delivered.</summary>
    public int Next { get; set; }

    private SimulationLoop Loop => _process.Loop;

    /// <summary>Waits until it is the active one and has a message.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await Travel();
        if (_queue.IsGone)
        {
            throw new UnknownLogException(_queue.Log);
        }

        _queue.Join(this);
        try
        {
            await ArrivalAsync(cancellationToken);
            ThrowIfLost();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask<IReadOnlyList<LogMessage>> ReadAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        await ArrivalAsync(cancellationToken);
        ThrowIfLost();
        var messages = new List<LogMessage>();
        while (messages.Count < MostInRead && _arrived.TryDequeue(out var message))
        {
            messages.Add(message);
        }

        return messages;
    }

    public async ValueTask AcknowledgeAsync(long delivery, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ThrowIfLost();

        // It is on its way when this returns: the broker answers no acknowledgement.
        _acknowledging = (int)delivery;
        Loop.After(Loop.Weather.Delay(Loop), () =>
        {
            if (_lost is null && !_isDisposed)
            {
                _queue.Acknowledge((int)delivery);
            }
        });
        await Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            if (_lost is null)
            {
                // What was acknowledged goes before the end of the channel.
                _queue.Acknowledge(_acknowledging);
            }

            _queue.Leave(this);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The broker sends what is there.</summary>
    public void Deliver()
    {
        for (var next = _queue.NextFor(this); next < _queue.Messages.Count; next = Next)
        {
            var message = _queue.Messages[next];
            Next = next + 1;
            var delivered = new LogMessage(Next, message.Body, message.IsSeal);
            _lastArrival = Math.Max(_lastArrival + 1, Loop.Now + Loop.Weather.Delay(Loop).Ticks);
            Loop.At(_lastArrival, () => Arrive(delivered));
        }
    }

    public void Lose(string reason)
    {
        if (_lost is null && !_isDisposed)
        {
            _lost = reason;
            _queue.Leave(this);
            _arrived.Clear();
            _waiting?.TrySetResult();
        }
    }

    private void Arrive(LogMessage message)
    {
        if (_lost is null && !_isDisposed)
        {
            _arrived.Enqueue(message);
            _waiting?.TrySetResult();
        }
    }

    private async ValueTask ArrivalAsync(CancellationToken cancellationToken)
    {
        while (_arrived.Count == 0 && _lost is null)
        {
            _waiting = new TaskCompletionSource();
            await _waiting.Task.WaitAsync(cancellationToken);
        }
    }

    private Task Travel() => Task.Delay(Loop.Weather.Delay(Loop), _process.Time);

    private void ThrowIfLost()
    {
        if (_lost is { } reason)
        {
            throw new LogUnavailableException($"The connection to the log {_queue.Log} ended: {reason}.");
        }
    }
}
