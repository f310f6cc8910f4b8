using Mjolnir.Simulation.Tests.Cluster;
using Mjolnir.Simulation.Tests.Runs;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.WriteBehind.Views;

namespace Mjolnir.Simulation.Tests.Faults;

/// <summary>What goes wrong in a run besides the weather, and how often: drawn from the seed, so that each run has other troubles.</summary>
internal sealed class Troubles
{
    private const int MostStacks = 5;

    private readonly SimulatedCluster _cluster;
    private readonly Storm _storm;
    private readonly Shortening _shortening;
    private readonly SimulationDice _dice;
    private readonly (Action Happen, int Weight)[] _kinds;
    private readonly int _weights;
    private readonly TimeSpan _pause;
    private readonly int _most;
    private bool _isOn;

    public Troubles(SimulatedCluster cluster, Storm storm, Shortening shortening)
    {
        (_cluster, _storm, _shortening, _dice) = (cluster, storm, shortening, new SimulationDice(cluster.Loop.Seed, "troubles"));
        _kinds =
        [
            (KillServer, Weight()), (KillWorker, Weight()), (PauseServer, Weight()), (PauseWorker, Weight()), (PauseShard, Weight()), (RestartShard, Weight()), (FlushShard, Weight()),
            (CutLine, Weight()), (CutOff, Weight()), (Revoke, Weight()), (BreakChannels, Weight()), (StopStore, Weight()), (AddStack, _dice.Below(2)),
        ];
        _most = _dice.Pick([4, 12, 40]);
        _pause = TimeSpan.FromMilliseconds(_dice.Pick([400, 1500, 5000]));
        if (storm.IsOn)
        {
            _kinds = OfStorm();
            (_most, _pause) = (storm.Kind == StormKind.Losses ? _dice.Between(1, 6) : _dice.Between(8, 40), TimeSpan.FromMilliseconds(PauseOf(storm.Kind)));
        }

        _most = Math.Min(_most, shortening.Faults ?? int.MaxValue);
        _weights = _kinds.Sum(kind => kind.Weight);
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
            (stack.Shard.NoRoom, stack.Shard.Losing) = _storm.Kind == StormKind.Calm ? (0, 0) : (noRoom, losing);
        }

        if (_storm.Kind == StormKind.Silence)
        {
            _cluster.Broker.Unbound = DelaySeal;
        }

        if (_storm.Kind == StormKind.Keepers)
        {
            _cluster.OpeningClaimed = Overtake;
        }

        if (_storm.Kind == StormKind.Calm)
        {
            _cluster.Broker.Unbound = log => Loop.Fail($"Log {log} is being sealed, though nothing failed: somebody waited for it in vain.");
        }

        _storm.Blow(weather);
        weather.MakeFair(_shortening.Fair);
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

    private static int PauseOf(StormKind kind) => kind switch
    {
        StormKind.Silence or StormKind.Movement or StormKind.Losses => 3000,
        StormKind.Keepers => 300,
        _ => 700,
    };

    private (Action Happen, int Weight)[] OfStorm() => _storm.Kind switch
    {
        StormKind.Silence => [(Silence, 6), (DelaySeals, 2), (KillServer, 1), (PauseServer, 1), (BreakChannels, 2)],
        StormKind.Movement => [(MoveUnheard, 6), (Silence, 1), (KillServer, 1)],
        StormKind.Flushes => [(FlushShard, 8), (RestartShard, 1), (PauseShard, 1)],
        StormKind.Lines => [(CutLine, 6), (PauseShard, 2), (KillServer, 1)],
        StormKind.Answers => [(KillServer, 2), (CutLine, 1), (BreakChannels, 1)],
        StormKind.Losses => [(LoseQueue, 6), (LoseQueues, 2), (KillServer, 2), (KillWorker, 2), (BreakChannels, 1), (RestartShard, 1)],
        StormKind.Calm => [],
        StormKind.Keepers => [(RestartShard, 3), (FlushShard, 1), (Dethrone, 6), (KillServer, 1)],
        _ => [(KillWorker, 4), (PauseWorker, 2), (BreakChannels, 2), (Revoke, 2), (StopStore, 1), (KillServer, 1)],
    };

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
        if (!_shortening.Skipped.Contains(Count))
        {
            Array.Find(_kinds, kind => (at -= kind.Weight) < 0).Happen();
        }

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

    /// <summary>A server that works, and that nobody hears for longer than they are patient.</summary>
    private void Silence()
    {
        if (Stack().Server is { } server)
        {
            _cluster.Bus.CutOff(server.Process, TimeSpan.FromMilliseconds(_dice.Between(1500, 9000)));
        }
    }

    /// <summary>The store takes no seals for a while: what enters a queue behind its marker finds the queue still there.</summary>
    private void DelaySeals() => StopStore(_dice.Between(2000, 10_000));

    /// <summary>The same, just when a log is being sealed.</summary>
    private void DelaySeal(string log)
    {
        if (_isOn && _dice.Chance(0.4))
        {
            StopStore(_dice.Between(500, 5000));
        }
    }

    /// <summary>A queue is lost with its messages.</summary>
    private void LoseQueue()
    {
        if (_cluster.Broker.Queues.ToArray() is { Length: > 0 } queues)
        {
            _cluster.Broker.Lose(_dice.Pick(queues).Log);
        }
    }

    /// <summary>The broker comes back without any queue.</summary>
    private void LoseQueues()
    {
        BreakChannels();
        foreach (var queue in _cluster.Broker.Queues.ToArray())
        {
            _cluster.Broker.Lose(queue.Log);
        }
    }

    /// <summary>Slots move while one server does not hear of it, or stands still.</summary>
    private void MoveUnheard()
    {
        if (Stack() is not { Server: { } server } unheard)
        {
            return;
        }

        var time = TimeSpan.FromMilliseconds(_dice.Between(4000, 12000));
        if (_dice.Chance(0.7))
        {
            _cluster.Bus.CutOff(server.Process, time);
        }
        else
        {
            server.Process.Pause(time);
        }

        if (_cluster.Stacks.Count < MostStacks && _dice.Chance(0.6))
        {
            AddStack();
        }
        else if (_cluster.Stacks.Where(stack => stack != unheard && !stack.IsLeaving).ToArray() is { Length: > 1 } others)
        {
            _dice.Pick(others).Leave(TimeSpan.FromMilliseconds(_dice.Between(500, 8000)));
        }
    }

    private void Revoke() => _cluster.Leadership.RevokeSome(_dice, Time(1500));

    /// <summary>The keeper of the view is taken for dead, and goes on for a while.</summary>
    private void Dethrone() => _cluster.Leadership.Revoke(ViewKeeper.Duty, Time(3000));

    /// <summary>The keeper stands still just when it has claimed the opening of a view; another takes its place, and it goes on where it was (V8).</summary>
    private void Overtake()
    {
        if (_isOn && _dice.Chance(0.6))
        {
            // Long enough not to be heard for, and not so long that it would give up itself.
            var asleep = TimeSpan.FromMilliseconds(_dice.Between(2500, 7500));
            _cluster.Leadership.LeaderOf(ViewKeeper.Duty)?.Pause(asleep);
            _cluster.Leadership.Revoke(ViewKeeper.Duty, asleep + Time(1000));
        }
    }

    private void BreakChannels() => _cluster.Broker.BreakChannels();

    private void StopStore() => StopStore(_dice.Between(1, 3000));

    private void StopStore(int milliseconds)
    {
        Loop.Trace.Line("store", "is away");
        _cluster.Store.IsDown = true;
        Loop.After(TimeSpan.FromMilliseconds(milliseconds), () => _cluster.Store.IsDown = false);
    }

    private void AddStack()
    {
        if (_cluster.Stacks.Count < MostStacks)
        {
            _cluster.AddStack().Start();
        }
    }
}
