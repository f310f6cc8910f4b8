using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.Simulation.Tests.Cluster;

/// <summary>The fanout between processes: each hears everything in the order in which it came to his queue, unless he is cut off or it was lost.</summary>
internal sealed class SimulatedBus(SimulationLoop loop)
{
    private readonly List<Client> _clients = [];

    public SimulationLoop Loop => loop;

    public Client For(SimulatedProcess process)
    {
        var client = new Client(this, process);
        _clients.Add(client);
        process.OnEnd(() => _clients.Remove(client));
        return client;
    }

    /// <summary>A process neither hears nor is heard for a while.</summary>
    public void CutOff(SimulatedProcess process, TimeSpan time)
    {
        if (_clients.Find(client => client.Process == process && client.IsConnected) is not { } cut)
        {
            return;
        }

        loop.Trace.Line(process.Name, $"is cut off from the bus for {time.TotalMilliseconds:F0} ms");
        cut.IsConnected = false;
        loop.After(time, () =>
        {
            cut.Incarnation++;
            cut.IsConnected = true;
        });
    }

    private void Send(Client from, Action<Client> receive)
    {
        if (!from.IsConnected)
        {
            return;
        }

        foreach (var client in _clients)
        {
            if (!loop.Network.Chance(loop.Weather.LostNotice))
            {
                client.Arrive(receive);
            }
        }
    }

    /// <summary>The bus as one process has it.</summary>
    internal sealed class Client(SimulatedBus bus, SimulatedProcess process) : IClusterBus
    {
        private readonly List<Action<ClusterNotice>> _listeners = [];
        private readonly List<Action<CommitNotice>> _subscribers = [];
        private long _lastArrival;

        public SimulatedProcess Process => process;

        public long Incarnation { get; set; } = 1;

        public bool IsConnected { get; set; } = true;

        public void Tell(ClusterNotice notice) => bus.Send(this, client => TellAll(client._listeners, notice));

        public void Announce(CommitNotice notice) => bus.Send(this, client => TellAll(client._subscribers, notice));

        public IDisposable Listen(Action<ClusterNotice> receive) => new Entry<ClusterNotice>(_listeners, receive);

        public IDisposable Subscribe(Action<CommitNotice> receive) => new Entry<CommitNotice>(_subscribers, receive);

        public void Arrive(Action<Client> receive)
        {
            _lastArrival = Math.Max(_lastArrival + 1, bus.Loop.Now + bus.Loop.Weather.Delay(bus.Loop).Ticks);
            bus.Loop.At(_lastArrival, () =>
            {
                if (IsConnected)
                {
                    process.Post(() => receive(this));
                }
            });
        }

        private static void TellAll<T>(List<Action<T>> receivers, T notice)
        {
            foreach (var receive in receivers.ToArray())
            {
                receive(notice);
            }
        }

        private sealed class Entry<T> : IDisposable
        {
            private readonly List<Action<T>> _entries;
            private readonly Action<T> _entry;

            public Entry(List<Action<T>> entries, Action<T> entry)
            {
                (_entries, _entry) = (entries, entry);
                entries.Add(entry);
            }

            public void Dispose() => _entries.Remove(_entry);
        }
    }
}
