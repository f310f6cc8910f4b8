using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>
/// A connection to a real embedded shard on which a test can hold a pass, lose its answer, or let it arrive late. Its tokens carry the connection's incarnation, as those of memcached do: behind a
/// reconnect the same item has another token, and one of before is never sent.
/// </summary>
internal sealed class ScriptedShard(IShardConnection inner) : IShardConnection
{
    private const int TokenBits = 48;

    private readonly List<Hold> _holds = [];
    private long _lost;
    private volatile TaskCompletionSource? _gone;

    public string Shard => inner.Shard;

    public long Incarnation => inner.Incarnation + Interlocked.Read(ref _lost);

    /// <summary>Nothing gets through: every pass ends without an answer, and without effect.</summary>
    public bool IsDown { get; set; }

    public bool IsConnected => _gone is null;

    /// <summary>Asked for each pass: how its connection ends, if it does.</summary>
    public Func<PassFault> Fault { get; set; } = static () => PassFault.None;

    /// <summary>Passes that were asked for.</summary>
    public int Passes { get; private set; }

    /// <summary>Answers the next operations of this kind, until it answers null, in the shard's stead.</summary>
    public Func<ShardOperation, ShardStatus?> Instead { get; set; } = static _ => null;

    /// <summary>Off unless a test wants rows to be read while a handler runs: passes can be held only when they are awaited.</summary>
    public bool AnswersAtOnce { get; set; }

    /// <summary>Every operation that reached the shard, in order.</summary>
    public List<(ShardVerb Verb, string Key)> Seen { get; } = [];

    /// <summary>The connection is lost and none is to be had: passes wait for one, without end.</summary>
    public void Disappear()
    {
        Interlocked.Increment(ref _lost);
        _gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>There is a connection again.</summary>
    public void Reappear()
    {
        var gone = _gone!;
        _gone = null;
        gone.SetResult();
    }

    /// <summary>Stops the next pass with such an operation before it reaches the shard.</summary>
    public Hold HoldNext(Func<ShardOperation, bool> which)
    {
        var hold = new Hold(which);
        lock (_holds)
        {
            _holds.Add(hold);
        }

        return hold;
    }

    /// <summary>Stops the next pass with such an operation behind the shard: it is done, and its answers are on their way until it is released.</summary>
    public Hold HoldNextAnswer(Func<ShardOperation, bool> which)
    {
        var hold = HoldNext(which);
        hold.IsAnswered = true;
        return hold;
    }

    public async ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
    {
        Passes++;
        var hold = Take(pass);
        if (hold is { IsAnswered: false })
        {
            hold.Reached.SetResult();
            if (await hold.Decision.Task.WaitAsync(cancellationToken) is var fate && fate != Fate.GoOn)
            {
                ShardOperation[] sent = [.. pass.Select(Copy)];
                hold.Late = () => inner.RunAsync(sent, CancellationToken.None);
                if (fate == Fate.CutTheLine)
                {
                    Interlocked.Increment(ref _lost);
                }

                foreach (var operation in pass)
                {
                    operation.Status = ShardStatus.Unknown;
                }

                return;
            }
        }

        if (_gone is { } gone)
        {
            await gone.Task.WaitAsync(cancellationToken);
        }

        if (IsDown)
        {
            Interlocked.Increment(ref _lost);
            foreach (var operation in pass)
            {
                operation.Status = ShardStatus.Unknown;
            }

            return;
        }

        if (Fault() is var fault && fault != PassFault.None)
        {
            await LoseAsync(pass, fault);
            return;
        }

        lock (Seen)
        {
            Seen.AddRange(pass.Select(operation => (operation.Verb, operation.CacheKey)));
        }

        foreach (var operation in pass)
        {
            if (Instead(operation) is { } status)
            {
                operation.Status = status;
            }
            else
            {
                await RunAsync(operation, cancellationToken);
            }
        }

        if (hold is { IsAnswered: true })
        {
            hold.Reached.SetResult();
            await hold.Decision.Task.WaitAsync(cancellationToken);
        }
    }

    private async ValueTask RunAsync(ShardOperation operation, CancellationToken cancellationToken)
    {
        var (incarnation, tag) = (inner.Incarnation, (ulong)(Incarnation - 1) << TokenBits);
        if (operation.Verb is ShardVerb.CompareAndSet or ShardVerb.CompareAndDelete)
        {
            if (operation.Token >> TokenBits != tag >> TokenBits)
            {
                operation.Status = ShardStatus.Conflict;
                return;
            }

            operation.Token = Sent(operation.Token);
        }

        await inner.RunAsync([operation], cancellationToken);
        operation.Token |= incarnation == inner.Incarnation ? tag : 0;
    }

    public ValueTask OpenAsync(string label, CancellationToken cancellationToken) => inner.OpenAsync(label, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask LoseAsync(IReadOnlyList<ShardOperation> pass, PassFault fault)
    {
        ShardOperation[] sent = [.. pass.Select(Copy)];
        Interlocked.Increment(ref _lost);
        foreach (var operation in pass)
        {
            operation.Status = ShardStatus.Unknown;
        }

        if (fault == PassFault.AnswersLost)
        {
            await inner.RunAsync(sent, CancellationToken.None);
        }
        else if (fault == PassFault.ArrivesLate)
        {
            _ = Task.Delay(TimeSpan.FromMilliseconds(3)).ContinueWith(_ => inner.RunAsync(sent, CancellationToken.None).AsTask(), TaskScheduler.Default);
        }
    }

    private Hold? Take(IReadOnlyList<ShardOperation> pass)
    {
        lock (_holds)
        {
            var hold = _holds.Find(candidate => pass.Any(candidate.Which));
            if (hold is not null)
            {
                _holds.Remove(hold);
            }

            return hold;
        }
    }

    private static ShardOperation Copy(ShardOperation operation) =>
        new() { Verb = operation.Verb, CacheKey = operation.CacheKey, Value = operation.Value, Token = Sent(operation.Token) };

    /// <summary>A token as the shard knows it.</summary>
    private static ulong Sent(ulong token) => token & ((1UL << TokenBits) - 1);

    /// <summary>How a connection ends under a pass.</summary>
    internal enum PassFault
    {
        None,

        /// <summary>Before anything of it reached the shard.</summary>
        NeverArrives,

        /// <summary>The shard has done it; the answers are lost.</summary>
        AnswersLost,

        /// <summary>The shard will do it some milliseconds after the caller was told that nobody knows.</summary>
        ArrivesLate,
    }

    internal enum Fate
    {
        GoOn,
        LoseTheAnswer,

        /// <summary>The answer is lost with the connection; there is a new one at once.</summary>
        CutTheLine,
    }

    internal sealed class Hold(Func<ShardOperation, bool> which)
    {
        public Func<ShardOperation, bool> Which { get; } = which;

        /// <summary>It is the answers that are held, not the operations.</summary>
        public bool IsAnswered { get; set; }

        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<Fate> Decision { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>After the answer was lost: lets the operation arrive at the shard.</summary>
        public Func<ValueTask>? Late { get; set; }

        public void Release() => Decision.SetResult(Fate.GoOn);

        public void LoseTheAnswer() => Decision.SetResult(Fate.LoseTheAnswer);

        public void CutTheLine() => Decision.SetResult(Fate.CutTheLine);
    }
}
