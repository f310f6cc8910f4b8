using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Simulation.Tests.Shards;

/// <summary>
/// One TCP connection to a shard: passes arrive in order and are answered in order. When it is cut, what was sent may be lost, or be done all the same, now or seconds later; no answer comes.
/// </summary>
internal sealed class ShardLine
{
    private readonly SimulatedShard _shard;
    private readonly SimulatedShardConnection _connection;
    private readonly long _life;
    private readonly List<Passing> _passing = [];
    private long _lastArrival;
    private long _lastAnswer;

    public ShardLine(SimulatedShard shard, SimulatedShardConnection connection)
    {
        (_shard, _connection, _life) = (shard, connection, shard.Life);
        shard.Attach(this);
    }

    private SimulationLoop Loop => _shard.Loop;

    public bool IsCut { get; private set; }

    public bool IsBusy => _passing.Count > 0;

    /// <summary>Sends a pass; <paramref name="answered"/> is called with the answers, or with null when the line was cut.</summary>
    public void Send(ShardOperation[] copies, Action<ShardOperation[]?> answered)
    {
        var passing = new Passing(copies, answered, Loop.Now + SimulatedShardConnection.PassPatience.Ticks);
        _passing.Add(passing);
        if (Loop.Network.Chance(_connection.Weather.CutLine))
        {
            Loop.After(_connection.Weather.Delay(Loop) * 2, Cut);
        }

        Arrive(passing, _connection.Weather.Delay(Loop));
    }

    /// <summary>The line ends, for the client at once.</summary>
    public void Cut()
    {
        if (IsCut)
        {
            return;
        }

        IsCut = true;
        _shard.Detach(this);
        _connection.LineEnded(IsBusy);
        foreach (var passing in _passing.ToArray())
        {
            passing.Answered(null);
            passing.IsAbandoned = true;
            if (passing.Next < passing.Copies.Length && _connection.Weather.LateEffect(Loop) is { } late)
            {
                Loop.Trace.Line(_shard.Name, $"what was cut off arrives in {late.TotalMilliseconds:F1} ms");
                Loop.After(late, () => Execute(passing, passing.Copies.Length));
            }
        }

        _passing.Clear();
    }

    private void Arrive(Passing passing, TimeSpan delay)
    {
        _lastArrival = Math.Max(_lastArrival + 1, Loop.Now + delay.Ticks);
        Loop.At(_lastArrival, () => Take(passing));
    }

    private void Take(Passing passing)
    {
        if (passing.IsAbandoned)
        {
            return;
        }

        if (_shard.AnswersAt > Loop.Now)
        {
            if (_shard.AnswersAt > passing.Deadline)
            {
                Loop.At(passing.Deadline, () => CutIfWaiting(passing));
            }

            Loop.At(_shard.AnswersAt, () => Take(passing));
            return;
        }

        // A pass is not atomic: other connections' operations may come between two of its own.
        var rest = passing.Copies.Length - passing.Next;
        var upTo = rest > 1 && Loop.Network.Chance(_connection.Weather.SplitPass) ? passing.Next + Loop.Network.Between(1, rest - 1) : passing.Copies.Length;
        Execute(passing, upTo);
        if (passing.Next < passing.Copies.Length)
        {
            Loop.After(TimeSpan.FromTicks(Loop.Network.Between(1, 2000)), () => Take(passing));
            return;
        }

        _lastAnswer = Math.Max(_lastAnswer + 1, Loop.Now + _connection.Weather.Delay(Loop).Ticks);
        Loop.At(_lastAnswer, () => Answer(passing));
    }

    private void Execute(Passing passing, int upTo)
    {
        // A later life of the shard never got these bytes.
        for (; passing.Next < upTo && _life == _shard.Life && !_shard.IsDown; passing.Next++)
        {
            _shard.Execute(passing.Copies[passing.Next]);
            Loop.Trace.Line(_shard.Name, $"{_connection.Owner} {passing.Copies[passing.Next].Verb} {passing.Copies[passing.Next].CacheKey} {passing.Copies[passing.Next].Status} {passing.Copies[passing.Next].Token}{(passing.IsAbandoned ? " (late)" : "")}");
        }
    }

    private void CutIfWaiting(Passing passing)
    {
        if (_passing.Contains(passing))
        {
            Cut();
        }
    }

    private void Answer(Passing passing)
    {
        if (_passing.Remove(passing))
        {
            passing.Answered(passing.Copies);
        }
    }

    private sealed class Passing(ShardOperation[] copies, Action<ShardOperation[]?> answered, long deadline)
    {
        public ShardOperation[] Copies => copies;

        public Action<ShardOperation[]?> Answered => answered;

        /// <summary>When the client gives up.</summary>
        public long Deadline => deadline;

        public int Next { get; set; }

        public bool IsAbandoned { get; set; }
    }
}
