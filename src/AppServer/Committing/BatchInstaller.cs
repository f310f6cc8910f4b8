using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Protocol;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>Installs or undos could not be settled in time: the server must seal its log, nothing may be published (V6u).</summary>
internal sealed class UnsettledException(string what) : Exception($"{what} could not be settled in time.");

/// <summary>The steps of a commit that touch the shards: install, validate, undo (protocol: committing, steps 1 to 3).</summary>
internal sealed class BatchInstaller(ShardSet shards, CommitterLimits limits, TimeProvider time)
{
    private readonly List<(int Shard, ShardOperation Operation)> _pass = [];
    private readonly List<Touch> _asked = [];

    /// <summary>Operations sent to shards.</summary>
    public long Operations { get; private set; }

    /// <summary>1. One compare-and-set per written row, all shards at once; an ordered batch goes row by row in key order and installs rows only read too.</summary>
    public async ValueTask InstallAsync(ClosingBatch batch, long durable, CancellationToken cancellationToken)
    {
        if (batch.Ordered)
        {
            await InstallInOrderAsync(batch, durable, cancellationToken);
            return;
        }

        Begin();
        foreach (var touch in batch.Touches)
        {
            if (touch.Written && !touch.Failed)
            {
                Ask(touch, ShardVerb.CompareAndSet, touch.Base!.Token, Next(batch, touch, durable));
            }
        }

        await RunAsync(cancellationToken);
        for (var i = 0; i < _asked.Count; i++)
        {
            await NoteInstallAsync(batch, _asked[i], _pass[i].Operation, cancellationToken);
        }
    }

    /// <summary>2. After all installs: every row read but not written still bears the token that was read. Rows written were proved by their compare-and-set.</summary>
    public async ValueTask ValidateAsync(ClosingBatch batch, CancellationToken cancellationToken)
    {
        Begin();
        foreach (var touch in batch.Touches)
        {
            if (!touch.Written && !touch.Failed)
            {
                Ask(touch, ShardVerb.Get, 0, default);
            }
        }

        await RunAsync(cancellationToken);
        for (var i = 0; i < _asked.Count; i++)
        {
            _asked[i].Failed = !StillProved(_asked[i].Base!, _asked[i].Cell, _pass[i].Operation);
        }
    }

    /// <summary>The same for transactions that only read rows of durable bases: true per cell that still bears its token.</summary>
    public async ValueTask<bool[]> StillProvedAsync(IReadOnlyList<(Cell Cell, CellBase Base)> reads, CancellationToken cancellationToken)
    {
        var pass = new List<(int Shard, ShardOperation Operation)>(reads.Count);
        foreach (var (cell, _) in reads)
        {
            pass.Add((cell.Shard, new ShardOperation { Verb = ShardVerb.Get, CacheKey = cell.CacheKey }));
        }

        Operations += pass.Count;
        await shards.RunAsync(pass, cancellationToken);
        var proved = new bool[reads.Count];
        for (var i = 0; i < proved.Length; i++)
        {
            proved[i] = StillProved(reads[i].Base, reads[i].Cell, pass[i].Operation);
        }

        return proved;
    }

    /// <summary>
    /// 3. Takes back what undone transactions wrote: a row that a survivor wrote too gets the survivor's last value (V5u), any other the envelope that was
    /// replaced. Returns when no row bears a value that is not a survivor's.
    /// </summary>
    /// <exception cref="UnsettledException">that took too long</exception>
    public async ValueTask UndoAsync(ClosingBatch batch, long durable, CancellationToken cancellationToken)
    {
        batch.KeepSurvivorsOnly();
        var started = time.GetTimestamp();
        foreach (var touch in batch.Touches)
        {
            // An ordered batch is one transaction: with it goes all it installed.
            var wasUndone = touch.Tainted || (batch.Ordered && batch.HasUndone);
            if (touch.Installed is null || !wasUndone)
            {
                continue;
            }

            if (touch.Written)
            {
                var value = Next(batch, touch, durable);
                touch.Installed = await ReplaceOwnAsync(batch, touch, value, started, cancellationToken)
                    ?? throw new UnsettledException($"The row {touch.Cell.Key}, taken by somebody else while it bore this batch's stamp,");
            }
            else
            {
                touch.Base = await ReplaceOwnAsync(batch, touch, touch.Base!.Envelope, started, cancellationToken);
                touch.Failed |= touch.Base is null;
                touch.Installed = null;
            }
        }
    }

    private async ValueTask InstallInOrderAsync(ClosingBatch batch, long durable, CancellationToken cancellationToken)
    {
        foreach (var touch in batch.Touches.OrderBy(touch => touch.Cell.Key))
        {
            if (touch.Failed)
            {
                return;
            }

            Begin();
            Ask(touch, ShardVerb.CompareAndSet, touch.Base!.Token, Next(batch, touch, durable));
            await RunAsync(cancellationToken);
            await NoteInstallAsync(batch, touch, _pass[0].Operation, cancellationToken);
        }
    }

    private static Envelope Next(ClosingBatch batch, Touch touch, long durable) =>
        EnvelopeSuccession.Next(touch.Base!.Envelope, durable, batch.Stamp, touch.Value);

    private async ValueTask NoteInstallAsync(ClosingBatch batch, Touch touch, ShardOperation answer, CancellationToken cancellationToken)
    {
        switch (answer.Status)
        {
            case ShardStatus.Stored:
                touch.Installed = new CellBase(touch.Candidate!, answer.Token, shards.Incarnation(touch.Cell.Shard));
                break;
            case ShardStatus.Unknown:
                touch.Installed = await LearnInstallAsync(batch, touch, cancellationToken);
                touch.Failed = touch.Installed is null;
                break;
            case ShardStatus.Full:
            case ShardStatus.TooLarge:
                touch.Failed = true;
                touch.Refused = answer.Status == ShardStatus.Full
                    ? "The cache shard has no room for more data."
                    : $"The row {touch.Cell.Key.Table}/{touch.Cell.Key.PrimaryKey} is too large for the cache.";
                break;
            default:
                touch.Failed = true;
                break;
        }
    }

    /// <summary>
    /// The outcome of an install is not known: look. If the row still bears the token that the compare carried, put the same envelope there again, so that the
    /// install must fail when it arrives late; another log's envelope is left alone.
    /// </summary>
    private async ValueTask<CellBase?> LearnInstallAsync(ClosingBatch batch, Touch touch, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            await shards.EnsureLabelAsync(touch.Cell.Shard, cancellationToken);
            var incarnation = shards.Incarnation(touch.Cell.Shard);
            var get = await OneAsync(touch.Cell, ShardVerb.Get, 0, default, started, cancellationToken);
            if (get.Status == ShardStatus.Miss)
            {
                return null;
            }

            if (get.Status == ShardStatus.Hit && EnvelopeCodec.Decode(get.Value).Current.Stamp == batch.Stamp)
            {
                return new CellBase(touch.Candidate!, get.Token, incarnation);
            }

            if (get.Status == ShardStatus.Hit && get.Token != touch.Base!.Token)
            {
                return null;
            }

            if (get.Status == ShardStatus.Hit)
            {
                var fence = await OneAsync(touch.Cell, ShardVerb.CompareAndSet, get.Token, EnvelopeCodec.Encode(touch.Base!.Envelope), started, cancellationToken);
                if (fence.Status == ShardStatus.Stored)
                {
                    return null;
                }
            }
        }
    }

    /// <summary>Replaces an envelope of this batch by another; null if the row does not bear this batch's stamp any more.</summary>
    private async ValueTask<CellBase?> ReplaceOwnAsync(ClosingBatch batch, Touch touch, Envelope by, long started, CancellationToken cancellationToken)
    {
        var token = touch.Installed!.Token;
        var bytes = EnvelopeCodec.Encode(by);
        while (true)
        {
            await shards.EnsureLabelAsync(touch.Cell.Shard, cancellationToken);
            var incarnation = shards.Incarnation(touch.Cell.Shard);
            var set = await OneAsync(touch.Cell, ShardVerb.CompareAndSet, token, bytes, started, cancellationToken);
            if (set.Status == ShardStatus.Stored)
            {
                return new CellBase(by, set.Token, incarnation);
            }

            var get = await OneAsync(touch.Cell, ShardVerb.Get, 0, default, started, cancellationToken);
            if (get.Status == ShardStatus.Hit && get.Value.Span.SequenceEqual(bytes))
            {
                return new CellBase(by, get.Token, incarnation);
            }

            if (get.Status == ShardStatus.Miss || (get.Status == ShardStatus.Hit && EnvelopeCodec.Decode(get.Value).Current.Stamp != batch.Stamp))
            {
                return null;
            }

            token = get.Status == ShardStatus.Hit ? get.Token : token;
        }
    }

    private async ValueTask<ShardOperation> OneAsync(Cell cell, ShardVerb verb, ulong token, ReadOnlyMemory<byte> value, long started, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(started) > limits.SettlePatience)
        {
            throw new UnsettledException($"The row {cell.Key}");
        }

        Operations++;
        var operation = new ShardOperation { Verb = verb, CacheKey = cell.CacheKey, Token = token, Value = value };
        await shards.RunAsync(cell.Shard, operation, cancellationToken);
        return operation;
    }

    private bool StillProved(CellBase known, Cell cell, ShardOperation get) =>
        get.Status == ShardStatus.Hit && get.Token == known.Token && known.Incarnation == shards.Incarnation(cell.Shard);

    private void Begin()
    {
        _pass.Clear();
        _asked.Clear();
    }

    private void Ask(Touch touch, ShardVerb verb, ulong token, Envelope? envelope)
    {
        var value = envelope is null ? default(ReadOnlyMemory<byte>) : EnvelopeCodec.Encode(envelope);
        touch.Candidate = envelope;
        _asked.Add(touch);
        _pass.Add((touch.Cell.Shard, new ShardOperation { Verb = verb, CacheKey = touch.Cell.CacheKey, Token = token, Value = value }));
    }

    private ValueTask RunAsync(CancellationToken cancellationToken)
    {
        Operations += _pass.Count;
        return _pass.Count == 0 ? ValueTask.CompletedTask : shards.RunAsync(_pass, cancellationToken);
    }
}
