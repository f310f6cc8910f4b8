using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Simulation.Tests.Logs;

/// <summary>A RabbitMQ as the commit log uses it (docs/design/rabbitmq.md): routed at one moment, in the queue at another, confirmed at a third.</summary>
internal sealed class SimulatedBroker(SimulationLoop loop)
{
    private readonly Dictionary<string, SimulatedQueue> _queues = new(StringComparer.Ordinal);
    private readonly List<SimulatedPublisher> _publishers = [];

    public SimulationLoop Loop => loop;

    /// <summary>Every queue there ever was, in order of their making, with all that entered it.</summary>
    public List<SimulatedQueue> History { get; } = [];

    /// <summary>Consumers are not kept to one (W2).</summary>
    public bool SharesQueues { get; init; }

    /// <summary>Publishers whose channels break bind their queues anew (V11).</summary>
    public bool Rebinds { get; init; }

    /// <summary>Told of a log that somebody unbinds.</summary>
    public Action<string> Unbound { get; set; } = static _ => { };

    /// <summary>The queues that were lost with their messages, and when.</summary>
    public List<(string Log, long At)> Losses { get; } = [];

    public SimulatedQueue? Find(string log) => _queues.GetValueOrDefault(log);

    /// <summary>The queues that exist.</summary>
    public IEnumerable<SimulatedQueue> Queues => _queues.Values;

    public bool Declare(string log)
    {
        if (_queues.ContainsKey(log))
        {
            return false;
        }

        var queue = new SimulatedQueue(log, loop) { IsShared = SharesQueues };
        _queues.Add(log, queue);
        History.Add(queue);
        loop.Trace.Line("broker", $"{log} declared and bound");
        return true;
    }

    public void Remove(string log, string how)
    {
        if (_queues.Remove(log, out var queue))
        {
            loop.Trace.Line("broker", $"{log} {how}");
            queue.Remove();
        }
    }

    /// <summary>A queue is gone with all that is in it.</summary>
    public void Lose(string log)
    {
        Losses.Add((log, loop.Now));
        Remove(log, "lost with its messages");
    }

    public void Attach(SimulatedPublisher publisher) => _publishers.Add(publisher);

    public void Detach(SimulatedPublisher publisher) => _publishers.Remove(publisher);

    /// <summary>A node is gone for a moment: channels break, queues stay.</summary>
    public void BreakChannels()
    {
        loop.Trace.Line("broker", "breaks all channels");
        foreach (var queue in _queues.Values.ToArray())
        {
            queue.DropConsumer();
        }

        foreach (var publisher in _publishers.ToArray())
        {
            publisher.Break();
        }
    }

    /// <summary>This process's way to the broker.</summary>
    public ILogBroker For(SimulatedProcess process) => new Client(this, process);

    private sealed class Client(SimulatedBroker broker, SimulatedProcess process) : ILogBroker
    {
        public async ValueTask DeclareAsync(string log, CancellationToken cancellationToken)
        {
            if (!await AskAsync(() => broker.Declare(log), cancellationToken))
            {
                throw new InvalidOperationException($"There is a log {log} already.");
            }
        }

        public async ValueTask<ILogPublisher> OpenPublisherAsync(string log, CancellationToken cancellationToken) =>
            await AskAsync(() => broker.Find(log), cancellationToken) is { } queue
                ? new SimulatedPublisher(broker, queue, process)
                : throw new UnknownLogException(log);

        public async ValueTask<ILogConsumer> OpenConsumerAsync(string log, CancellationToken cancellationToken)
        {
            var queue = await AskAsync(() => broker.Find(log), cancellationToken) ?? throw new UnknownLogException(log);
            var consumer = new SimulatedConsumer(queue, process);
            await consumer.BeginAsync(cancellationToken);
            return consumer;
        }

        public async ValueTask UnbindAsync(string log, CancellationToken cancellationToken) => await AskAsync(
            () =>
            {
                if (broker.Find(log) is { } queue)
                {
                    broker.Loop.Trace.Line("broker", $"{log} unbound by {process.Name}");
                    queue.IsBound = false;
                    broker.Unbound(log);
                }

                return true;
            },
            cancellationToken);

        public async ValueTask SendSealMarkerAsync(string log, CancellationToken cancellationToken)
        {
            if (!await AskAsync(Seal, cancellationToken))
            {
                throw new UnknownLogException(log);
            }

            bool Seal()
            {
                var queue = broker.Find(log);
                queue?.Enter(new QueuedMessage(default, IsSeal: true));
                return queue is not null;
            }
        }

        public async ValueTask DeleteAsync(string log, CancellationToken cancellationToken) => await AskAsync(
            () =>
            {
                broker.Remove(log, $"deleted by {process.Name}");
                return true;
            },
            cancellationToken);

        public async ValueTask<IReadOnlyList<string>> ListAsync(IReadOnlyCollection<string> registered, CancellationToken cancellationToken) =>
            await AskAsync(() => registered.Where(log => broker.Find(log) is not null).ToArray(), cancellationToken);

        /// <summary>There and back; sometimes there is no answer, and it was done or not.</summary>
        private async ValueTask<T> AskAsync<T>(Func<T> ask, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var loop = broker.Loop;
            var isLost = loop.Network.Chance(loop.Weather.StoreError);
            var answered = new TaskCompletionSource<T?>();
            loop.After(loop.Weather.Delay(loop), () =>
            {
                var answer = isLost && loop.Network.Chance(0.5) ? default : ask();
                loop.After(loop.Weather.Delay(loop), () => answered.TrySetResult(answer));
            });
            var result = await answered.Task.WaitAsync(cancellationToken);
            return isLost ? throw new LogUnavailableException("RabbitMQ did not answer.") : result!;
        }
    }
}
