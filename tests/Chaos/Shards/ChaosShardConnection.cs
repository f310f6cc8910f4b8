using Mjolnir.Storage.Shards;

namespace Mjolnir.Chaos.Shards;

/// <summary>
/// A connection to a shard that loses answers. Losing one is losing the connection: what comes behind it in the pass has no answer either, and
/// <see cref="Incarnation"/> rises. At a gate, what stands before the held operation in its pass is done; the pass is answered as a whole.
/// </summary>
/// <param name="inner">the real connection</param>
/// <param name="dice">chance; null: only what the test's gates say</param>
public sealed class ChaosShardConnection(IShardConnection inner, ChaosDice? dice = null) : ChaosSeam<ShardOperation, ShardStatus>, IShardConnection
{
    private long _losses;

    /// <inheritdoc/>
    public string Shard => inner.Shard;

    /// <inheritdoc/>
    public bool IsConnected => inner.IsConnected;

    /// <inheritdoc/>
    public long Incarnation => inner.Incarnation + Interlocked.Read(ref _losses);

    /// <inheritdoc/>
    public async ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
    {
        if (dice is not null)
        {
            await dice.ArriveLateAsync();
        }

        var sending = new Sending(pass, Incarnation);
        if (pass.Count > 0 && dice?.Roll() is { } effect)
        {
            var from = dice.Place(pass.Count);
            await SendAsync(sending, from, cancellationToken);
            await dice.ApplyAsync(effect, SendWithoutAnswer(sending));
            Lose(sending);
            return;
        }

        await WalkPassAsync(sending, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask OpenAsync(string label, CancellationToken cancellationToken) => inner.OpenAsync(label, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async Task WalkPassAsync(Sending sending, CancellationToken cancellationToken)
    {
        var pass = sending.Pass;
        for (var i = 0; i < pass.Count && sending.Answered < pass.Count; i++)
        {
            if (GateFor(pass[i]) is { } gate)
            {
                await SendAsync(sending, i, cancellationToken);
                await PassGateAsync(gate, sending, i, cancellationToken);
            }
        }

        await SendAsync(sending, pass.Count, cancellationToken);
    }

    private async Task PassGateAsync(ChaosGate<ShardOperation, ShardStatus> gate, Sending sending, int at, CancellationToken cancellationToken)
    {
        var held = gate.HoldsAnswer ? await SendHeldAsync(sending, cancellationToken) : null;
        var verdict = await gate.ArriveAsync(sending.Pass[at], cancellationToken);
        switch (verdict.Fate)
        {
            case ChaosFate.Pass:
                Answer(sending, held);
                return;
            case ChaosFate.Answer:
                Answer(sending, held);
                sending.Pass[at].Status = verdict.Answer;
                sending.Answered = Math.Max(sending.Answered, at + 1);
                return;
            case ChaosFate.Throw:
                throw verdict.Fault!;
            default:
                await ApplyAsync(gate, verdict.Effect, SendWithoutAnswer(sending));
                Lose(sending);
                return;
        }
    }

    /// <summary>Sends the rest of the pass as copies, so that the sender's operations stay as they were sent until the answer is let go.</summary>
    private async Task<List<ShardOperation>> SendHeldAsync(Sending sending, CancellationToken cancellationToken)
    {
        var copies = Copies(sending);
        await inner.RunAsync(copies, cancellationToken);
        return copies;
    }

    private static void Answer(Sending sending, List<ShardOperation>? held)
    {
        foreach (var one in held ?? [])
        {
            var asked = sending.Pass[sending.Answered++];
            (asked.Status, asked.Token, asked.Value) = (one.Status, one.Token, one.Value);
        }
    }

    /// <summary>Sends what has no answer yet, up to here; if the connection was lost since the pass began, all the rest is lost with it.</summary>
    private async Task SendAsync(Sending sending, int to, CancellationToken cancellationToken)
    {
        var (pass, from) = (sending.Pass, sending.Answered);
        if (from >= to)
        {
            return;
        }

        if (Incarnation != sending.Incarnation)
        {
            MarkUnknown(sending);
            return;
        }

        // The usual pass has no gate and goes on as it came.
        await inner.RunAsync(from == 0 && to == pass.Count ? pass : Part(pass, from, to), cancellationToken);
        sending.Answered = to;
    }

    /// <summary>
    /// Sends copies of what has no answer: the sender may have thrown its operations away when they arrive. They travel on the connection they were
    /// sent on, so they never reach a shard that was restarted since.
    /// </summary>
    private Func<Task> SendWithoutAnswer(Sending sending)
    {
        var connection = inner.Incarnation;
        var copies = Copies(sending);
        return () => inner.Incarnation == connection ? inner.RunAsync(copies, CancellationToken.None).AsTask() : Task.CompletedTask;
    }

    private void Lose(Sending sending)
    {
        // Before the answer, so that whoever sees an Unknown sees the new incarnation.
        Interlocked.Increment(ref _losses);
        MarkUnknown(sending);
    }

    private static void MarkUnknown(Sending sending)
    {
        for (; sending.Answered < sending.Pass.Count; sending.Answered++)
        {
            sending.Pass[sending.Answered].Status = ShardStatus.Unknown;
        }
    }

    private static List<ShardOperation> Copies(Sending sending) => Part(sending.Pass, sending.Answered, sending.Pass.Count)
        .Select(one => new ShardOperation { Verb = one.Verb, CacheKey = one.CacheKey, Value = one.Value.ToArray(), Token = one.Token })
        .ToList();

    private static List<ShardOperation> Part(IReadOnlyList<ShardOperation> pass, int from, int to) => pass.Skip(from).Take(to - from).ToList();

    /// <summary>A pass under way: how many of its operations have their answer, and the connection it was sent on.</summary>
    private sealed class Sending(IReadOnlyList<ShardOperation> pass, long incarnation)
    {
        public IReadOnlyList<ShardOperation> Pass { get; } = pass;

        public long Incarnation { get; } = incarnation;

        public int Answered { get; set; }
    }
}
