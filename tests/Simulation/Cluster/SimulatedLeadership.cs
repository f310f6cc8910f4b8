using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.Simulation.Tests.Cluster;

/// <summary>Exclusive queues as a broker keeps them: a leader that the broker takes for dead learns it late, so two may lead for a moment.</summary>
internal sealed class SimulatedLeadership(SimulationLoop loop)
{
    private readonly Dictionary<string, Lease> _leaders = new(StringComparer.Ordinal);

    public ILeadership For(SimulatedProcess process) => new Client(this, process);

    /// <summary>Who leads a task, as the broker says.</summary>
    public SimulatedProcess? LeaderOf(string task) => _leaders.GetValueOrDefault(task)?.Process;

    /// <summary>One of the leaders is taken for dead.</summary>
    public void RevokeSome(SimulationDice dice, TimeSpan unaware)
    {
        if (_leaders.Count > 0)
        {
            Revoke(dice.Pick([.. _leaders.Keys.Order(StringComparer.Ordinal)]), unaware);
        }
    }

    /// <summary>Another may lead a task at once; who leads it now learns it after a while.</summary>
    public void Revoke(string task, TimeSpan unaware)
    {
        if (_leaders.Remove(task, out var lease))
        {
            loop.Trace.Line(lease.Process.Name, $"leads {task} no more, and learns it in {unaware.TotalMilliseconds:F0} ms");
            loop.After(unaware, () => lease.Process.Post(lease.Lose));
        }
    }

    private void Leave(Lease lease)
    {
        if (_leaders.GetValueOrDefault(lease.Task) == lease)
        {
            _leaders.Remove(lease.Task);
        }
    }

    private sealed class Client(SimulatedLeadership all, SimulatedProcess process) : ILeadership
    {
        public async ValueTask<ILeaderLease?> TryLeadAsync(string task, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Delay(process.Loop.Weather.Delay(process.Loop), process.Time, cancellationToken);
            var lease = new Lease(all, process, task);
            if (!all._leaders.TryAdd(task, lease))
            {
                return null;
            }

            process.OnEnd(() => process.Loop.After(TimeSpan.FromMilliseconds(process.Loop.Network.Between(1, 400)), () => all.Leave(lease)));
            return lease;
        }
    }

    private sealed class Lease(SimulatedLeadership all, SimulatedProcess process, string task) : ILeaderLease
    {
        private readonly CancellationTokenSource _lost = new();

        public SimulatedProcess Process => process;

        public string Task => task;

        public CancellationToken Lost => _lost.Token;

        public void Lose() => _lost.Cancel();

        public ValueTask DisposeAsync()
        {
            all.Leave(this);
            return ValueTask.CompletedTask;
        }
    }
}
