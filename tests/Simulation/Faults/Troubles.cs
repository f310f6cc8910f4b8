using Mjolnir.Simulation.Tests.Cluster;
using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Faults;

/// <summary>What goes wrong in a run besides the weather, and how often: drawn from the seed, so that each run has other troubles.</summary>
internal sealed class Troubles
{
    private const int MostStacks = 5;

    private readonly SimulatedCluster _cluster;
    private readonly SimulationDice _dice;
    private readonly (Action Happen, int Weight)[] _kinds;
    private readonly int _weights;
    private readonly TimeSpan _pause;
    private readonly int _most;
    private bool _isOn;

    public Troubles(SimulatedCluster cluster)
    {
        (_cluster, _dice) = (cluster, new SimulationDice(cluster.Loop.Seed, "troubles"));
        _kinds =
        [
            (KillServer, Weight()), (KillWorker, Weight()), (PauseServer, Weight()), (PauseWorker, Weight()), (PauseShard, Weight()), (RestartShard, Weight()), (FlushShard, Weight()),
            (CutLine, Weight()), (CutOff, Weight()), (Revoke, Weight()), (BreakChannels, Weight()), (StopStore, Weight()), (AddStack, _dice.Below(2)),
        ];
        _weights = _kinds.Sum(kind => kind.Weight);
        _most = _dice.Pick([4, 12, 40]);
        _pause = TimeSpan.FromMilliseconds(_dice.Pick([400, 1500, 5000]));
    }

    /// <summary>Troubles that happened.</summary>
    public int Count { get; private set; }

    private SimulationLoop Loop => _cluster.Loop;

    public void Begin()
    {
        _isOn = true;
        var weather = Loop.Weather;
        weather.CutLine = _dice.Pick([0, 0, 0.001, 0.01]);
        weather.StoreError = _dice.Pick([0, 0, 0.01, 0.05]);
        weather.UnknownPublish = _dice.Pick([0, 0, 0.005, 0.02]);
        weather.SlowQueue = _dice.Pick([0, 0, 0.01]);
        weather.RefusedPublish = _dice.Pick([0, 0, 0.01]);
        weather.LostNotice = _dice.Pick([0, 0, 0.02, 0.1]);
        var (noRoom, losing) = (_dice.Pick([0, 0, 0, 0.01]), _dice.Pick([0, 0, 0, 0.001]));
        foreach (var stack in _cluster.Stacks)
        {
            (stack.Shard.NoRoom, stack.Shard.Losing) = (noRoom, losing);
        }

        Next();
    }

    /// <summary>Nothing goes wrong any more; what stands still or is away comes back in its time.</summary>
    public void End()
    {
        _isOn = false;
        Loop.Weather.Clear();
        foreach (var stack in _cluster.Stacks)
        {
            (stack.Shard.NoRoom, stack.Shard.Losing) = (0, 0);
        }
    }

    private int Weight() => _dice.Chance(0.5) ? _dice.Between(1, 4) : 0;

    private void Next() => Loop.After(_pause * (2 * _dice.Fraction()), () =>
    {
        if (!_isOn || _weights == 0)
        {
            return;
        }

        if (Count == _most)
        {
            End();
            return;
        }

        var at = _dice.Below(_weights);
        Array.Find(_kinds, kind => (at -= kind.Weight) < 0).Happen();
        Count++;
        Next();
    });

    private SimulatedStack Stack() => _dice.Pick(_cluster.Stacks);

    private TimeSpan Time(int most) => TimeSpan.FromMilliseconds(_dice.Between(1, most));

    private void KillServer() => Stack().KillServer(Time(3000));

    private void KillWorker() => Stack().KillWorker(Time(3000));

    private void PauseServer() => Stack().Server?.Process.Pause(Time(_dice.Pick([50, 2500, 8000])));

    private void PauseWorker() => Stack().Worker?.Process.Pause(Time(_dice.Pick([50, 2500, 8000])));

    private void PauseShard() => Stack().Shard.Pause(Time(_dice.Pick([50, 1000, 4000])));

    private void RestartShard()
    {
        var shard = Stack().Shard;
        if (!shard.IsDown)
        {
            shard.Restart(Time(2000));
        }
    }

    private void FlushShard() => Stack().Shard.Flush();

    private void CutLine() => Stack().Shard.CutSomeLine();

    private void CutOff()
    {
        if (Stack() is { Server: { } server, Worker: { } worker })
        {
            _cluster.Bus.CutOff(_dice.Chance(0.5) ? server.Process : worker.Process, Time(4000));
        }
    }

    private void Revoke() => _cluster.Leadership.RevokeSome(_dice, Time(1500));

    private void BreakChannels() => _cluster.Broker.BreakChannels();

    private void StopStore()
    {
        Loop.Trace.Line("store", "is away");
        _cluster.Store.IsDown = true;
        Loop.After(Time(3000), () => _cluster.Store.IsDown = false);
    }

    private void AddStack()
    {
        if (_cluster.Stacks.Count < MostStacks)
        {
            _cluster.AddStack().Start();
        }
    }
}
