using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Simulation.Tests.Logs;

/// <summary>
/// The sending end of one log: mandatory, confirmed, in order. When its channel breaks, what was sent and not confirmed is unknown, and may enter the queue all the same: but only behind
/// what was sent before it, and never after it was routed to nowhere.
/// </summary>
internal sealed class SimulatedPublisher : ILogPublisher
{
    private readonly SimulatedBroker _broker;
    private readonly SimulatedQueue _queue;
    private readonly SimulatedProcess _process;
    private readonly List<TaskCompletionSource<PublishOutcome>> _underWay = [];
    private long _lastRouted;
    private long _lastEntered;
    private bool _isUnknown;
    private bool _isDisposed;

    public SimulatedPublisher(SimulatedBroker broker, SimulatedQueue queue, SimulatedProcess process)
    {
        (_broker, _queue, _process) = (broker, queue, process);
        broker.Attach(this);
    }

    public string Log => _queue.Log;

    private SimulationLoop Loop => _process.Loop;

    public async ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_isUnknown)
        {
            return PublishOutcome.Unknown;
        }

        var done = new TaskCompletionSource<PublishOutcome>();
        _underWay.Add(done);
        Send(message.ToArray(), done);
        var outcome = await done.Task;
        _underWay.Remove(done);
        _isUnknown |= outcome == PublishOutcome.Unknown;
        return outcome;
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        _broker.Detach(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>The channel ends: what is under way is unknown. One that breaks while nothing is under way is replaced.</summary>
    public void Break()
    {
        foreach (var waiting in _underWay.ToArray())
        {
            _isUnknown = true;
            waiting.TrySetResult(PublishOutcome.Unknown);
        }

        if (_broker.Rebinds)
        {
            Loop.After(TimeSpan.FromMilliseconds(Loop.Network.Between(1, 500)), () => _queue.IsBound |= !_isDisposed && !_queue.IsGone);
        }
    }

    private void Send(byte[] body, TaskCompletionSource<PublishOutcome> done)
    {
        var weather = Loop.Weather;
        var isRefused = Loop.Network.Chance(weather.RefusedPublish);
        var isUnknown = Loop.Network.Chance(weather.UnknownPublish);
        var isLost = isUnknown && Loop.Network.Chance(0.4);
        _lastRouted = Math.Max(_lastRouted + 1, Loop.Now + weather.Delay(Loop).Ticks + (isUnknown ? weather.LateEffect(Loop)?.Ticks ?? 0 : 0));
        if (isUnknown)
        {
            Loop.Trace.Line("broker", $"{Log} will not confirm to {_process.Name}{(isLost ? ", and loses it" : "")}");
            Loop.After(TimeSpan.FromTicks((long)(weather.SlowestConfirm.Ticks * Loop.Network.Fraction() * 0.5)), Break);
        }

        Loop.At(_lastRouted, () =>
        {
            if (isLost)
            {
                return;
            }

            if (isRefused)
            {
                Answer(done, PublishOutcome.Refused);
            }
            else if (!_queue.IsBound)
            {
                Answer(done, PublishOutcome.Unroutable);
            }
            else
            {
                Enter(body, done, isUnknown);
            }
        });
    }

    /// <summary>Routed now, in the queue a moment later: a seal marker may be faster (V9).</summary>
    private void Enter(byte[] body, TaskCompletionSource<PublishOutcome> done, bool isUnknown)
    {
        var slow = Loop.Network.Chance(Loop.Weather.SlowQueue) ? TimeSpan.FromTicks((long)(Loop.Weather.SlowestConfirm.Ticks * Loop.Network.Fraction())) : TimeSpan.Zero;
        _lastEntered = Math.Max(_lastEntered + 1, Loop.Now + Loop.Weather.Delay(Loop).Ticks + slow.Ticks);
        Loop.At(_lastEntered, () =>
        {
            if (_queue.IsGone)
            {
                // Its queue was deleted under it: nothing is confirmed any more.
                done.TrySetResult(PublishOutcome.Unknown);
                return;
            }

            _queue.Enter(new QueuedMessage(body, IsSeal: false));
            if (!isUnknown)
            {
                Answer(done, PublishOutcome.Confirmed);
            }
        });
    }

    private void Answer(TaskCompletionSource<PublishOutcome> done, PublishOutcome outcome) =>
        Loop.After(Loop.Weather.Delay(Loop), () => done.TrySetResult(outcome));
}
