using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Protocol;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>Installs or undos could not be settled in time: the server must seal its log, nothing may be published (V6u).</summary>
internal sealed class UnsettledException(string what) : Exception($"{what} could not be settled in time.");

/// <summary>The steps of a commit that touch the shards: install, validate, undo (protocol: committing, steps 1 to 3).</summary>
internal sealed class BatchInstaller(ShardSet shards, CommitterLimits limits, TimeProvider time)
{
    private readonly List<(ShardLink Link, ShardOperation Operation)> _pass = [];
    private readonly List<Touch> _asked = [];
    private readonly List<ShardLink> _full = [];
    private long? _unansweredSince;

    /// <summary>1. One compare-and-set per written row, all shards at once; an ordered batch goes row by row in key order and installs rows only read too.</summary>
    public async ValueTask InstallAsync(ClosingBatch batch, long durable, CancellationToken cancellationToken)
    {
        _unansweredSince = null;
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
                AskInstall(batch, touch, durable);
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
            if (touch.Written || touch.Failed || limits.Suspended == SuspendedRule.V4)
            {
                continue;
            }

            // Whoever lost its connection proves nothing any more: it is not waited for.
            if (touch.Base!.Incarnation != touch.Cell.Home.Link.Incarnation)
            {
                touch.Failed = true;
            }
            else
            {
                _asked.Add(touch);
                _pass.Add((touch.Cell.Home.Link, new ShardOperation { Verb = ShardVerb.Get, CacheKey = touch.Cell.CacheKey }));
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
        var pass = new List<(ShardLink Link, ShardOperation Operation)>(reads.Count);
        var asked = new ShardOperation?[reads.Count];
        for (var i = 0; i < asked.Length; i++)
        {
            // Whoever lost its connection proves nothing any more: it is not waited for.
            var (cell, known) = reads[i];
            if (known.Incarnation == cell.Home.Link.Incarnation)
            {
                asked[i] = new ShardOperation { Verb = ShardVerb.Get, CacheKey = cell.CacheKey };
                pass.Add((cell.Home.Link, asked[i]!));
            }
        }

        await shards.RunAsync(pass, cancellationToken);
        var proved = new bool[reads.Count];
        for (var i = 0; i < proved.Length; i++)
        {
            proved[i] = asked[i] is { } get && StillProved(reads[i].Base, reads[i].Cell, get);
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
        var started = _unansweredSince ?? time.GetTimestamp();
        foreach (var touch in batch.Touches)
        {
            // An ordered batch is one transaction: with it goes all it installed.
            var wasUndone = touch.Tainted || (batch.Ordered && batch.HasUndone);
            if (touch.Installed is null || !wasUndone)
            {
                continue;
            }

            if (touch.Written && limits.Suspended != SuspendedRule.V5u)
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
            AskInstall(batch, touch, durable);
            await RunAsync(cancellationToken);
            await NoteInstallAsync(batch, touch, _pass[0].Operation, cancellationToken);
        }
    }

    private Envelope Next(ClosingBatch batch, Touch touch, long durable)
    {
        var next = EnvelopeSuccession.Next(touch.Base!.Envelope, durable, batch.Stamp, touch.Value);
        return limits.Suspended == SuspendedRule.V1 ? Envelope.Of(next.Current) : next;
    }

    private async ValueTask NoteInstallAsync(ClosingBatch batch, Touch touch, ShardOperation answer, CancellationToken cancellationToken)
    {
        switch (answer.Status)
        {
            case ShardStatus.Stored:
                // Of the incarnation that proved its base: had the connection ended before this pass, the token would be worth nothing (V5).
                touch.Installed = new CellBase(touch.Candidate!, answer.Token, touch.Base!.Incarnation);
                break;
            case ShardStatus.Unknown:
                touch.Installed = await LearnInstallAsync(batch, touch, cancellationToken);
                touch.Failed = touch.Installed is null;
                break;
            case ShardStatus.Full:
            case ShardStatus.NoRoom:
            case ShardStatus.TooLarge:
                NoteRefusal(touch, answer.Status);
                break;
            default:
                touch.Failed = true;
                break;
        }
    }

    private void NoteRefusal(Touch touch, ShardStatus status)
    {
        touch.Failed = true;
        touch.Refused = status == ShardStatus.TooLarge
            ? $"The row {touch.Cell.Key.Table}/{touch.Cell.Key.PrimaryKey} is too large for the cache."
            : "The cache shard has no room for more data.";
        if (status == ShardStatus.Full && !_full.Contains(touch.Cell.Home.Link))
        {
            _full.Add(touch.Cell.Home.Link);
        }
    }

    /// <summary>Shards that refused for memory, against all care, are trusted no more (V9m): at once, for every moment in which their label stands somebody may believe the miss.</summary>
    public async ValueTask DisownFullAsync(CancellationToken cancellationToken)
    {
        foreach (var link in _full)
        {
            await link.DisownAsync(cancellationToken);
        }

        _full.Clear();
    }

    /// <summary>
    /// The outcome of an install is not known: look. If the row still bears the version that was to be replaced, put what was found there again, so that the
    /// install must fail when it arrives late; another version is left alone. Tokens do not tell: behind a reconnect the same item has another token for us than the
    /// compare carried, though not for the shard (V6u). What was found, and not what this server remembers of it: a batch that steps back and is closed again bears the same number, so the same version under
    /// the same stamp may have held something else when it was read.
    /// </summary>
    private async ValueTask<CellBase?> LearnInstallAsync(ClosingBatch batch, Touch touch, CancellationToken cancellationToken)
    {
        var settling = new Settling(touch.Cell, _unansweredSince ?? time.GetTimestamp());
        var replaced = touch.Base!.Envelope;
        while (true)
        {
            var (get, incarnation) = await LookAsync(settling, cancellationToken);
            if (get.Status == ShardStatus.Miss)
            {
                await MissAsync(settling.Cell, replaced, cancellationToken);
                return null;
            }

            var envelope = EnvelopeCodec.Decode(get.Value);
            var found = envelope.Current;
            if (found.Stamp == batch.Stamp)
            {
                return new CellBase(touch.Candidate!, get.Token, incarnation);
            }

            var mayStillArrive = (found.Version, found.Stamp) == (replaced.Current.Version, replaced.Current.Stamp);
            if (!mayStillArrive || limits.Suspended == SuspendedRule.V6u || await SetAsync(settling, get.Token, envelope, incarnation, cancellationToken) is not null)
            {
                return null;
            }
        }
    }

    /// <summary>Replaces an envelope of this batch by another; null if the row does not bear this batch's stamp any more.</summary>
    private async ValueTask<CellBase?> ReplaceOwnAsync(ClosingBatch batch, Touch touch, Envelope by, long started, CancellationToken cancellationToken)
    {
        var settling = new Settling(touch.Cell, started);
        var (token, incarnation) = (touch.Installed!.Token, touch.Installed.Incarnation);
        while (true)
        {
            if (incarnation == touch.Cell.Home.Link.Incarnation && await SetAsync(settling, token, by, incarnation, cancellationToken) is { } replaced)
            {
                return replaced;
            }

            (var get, incarnation) = await LookAsync(settling, cancellationToken);
            if (get.Status == ShardStatus.Miss)
            {
                await MissAsync(touch.Cell, touch.Installed.Envelope, cancellationToken);
                return null;
            }

            var found = EnvelopeCodec.Decode(get.Value);
            if (get.Value.Span.SequenceEqual(EnvelopeCodec.Encode(by)))
            {
                return new CellBase(by, get.Token, incarnation);
            }

            if (found.Current.Stamp != batch.Stamp)
            {
                return null;
            }

            token = get.Token;
        }
    }

    /// <summary>
    /// A row that was there is not, though the shard bears its label: nothing takes rows out but a set that was refused for memory, and whose answer was lost (V9m). Absent marks and outcomes may leave: a miss says the
    /// same as they did.
    /// </summary>
    private static async ValueTask MissAsync(Cell cell, Envelope known, CancellationToken cancellationToken)
    {
        if (known.Current.State != RowState.Absent && !Outcomes.IsOutcome(cell.Key))
        {
            await cell.Home.Link.DisownAsync(cancellationToken);
        }
    }

    /// <summary>What the row bears now, proved by the label behind it; pauses while nobody can tell, and does not ask where it would have to wait for a connection.</summary>
    /// <exception cref="UnsettledException">nobody could tell in time</exception>
    private async ValueTask<(ShardOperation Get, long Incarnation)> LookAsync(Settling settling, CancellationToken cancellationToken)
    {
        var link = settling.Cell.Home.Link;
        while (true)
        {
            RequireTime(settling);
            var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = settling.Cell.CacheKey };
            var incarnation = link.Incarnation;
            if (link.IsConnected && await ConfirmedAsync(link, get, incarnation, cancellationToken))
            {
                return (get, incarnation);
            }

            await Task.Delay(limits.SettlePause, time, cancellationToken);
        }
    }

    private async ValueTask<bool> ConfirmedAsync(ShardLink link, ShardOperation get, long incarnation, CancellationToken cancellationToken)
    {
        var label = ShardLink.LabelQuestion();
        await shards.RunAsync(link, [get, label], cancellationToken);
        return link.Confirms(label, incarnation) && get.Status != ShardStatus.Unknown;
    }

    /// <summary>Puts an envelope in the place of what bears this token; null if it was not done, or nobody knows.</summary>
    private async ValueTask<CellBase?> SetAsync(Settling settling, ulong token, Envelope by, long incarnation, CancellationToken cancellationToken)
    {
        RequireTime(settling);
        var set = new ShardOperation { Verb = ShardVerb.CompareAndSet, CacheKey = settling.Cell.CacheKey, Token = token, Value = EnvelopeCodec.Encode(by) };
        await shards.RunAsync(settling.Cell.Home.Link, [set], cancellationToken);
        if (set.Status == ShardStatus.Full)
        {
            // What was there is gone: nobody may take the miss for an answer (V9m).
            await settling.Cell.Home.Link.DisownAsync(cancellationToken);
        }

        return set.Status == ShardStatus.Stored ? new CellBase(by, set.Token, incarnation) : null;
    }

    private void RequireTime(Settling settling)
    {
        if (time.GetElapsedTime(settling.Started) > limits.SettlePatience)
        {
            throw new UnsettledException($"The row {settling.Cell.Key}");
        }
    }

    private static bool StillProved(CellBase known, Cell cell, ShardOperation get) =>
        get.Status == ShardStatus.Hit && get.Token == known.Token && cell.Home.IsOpen && known.Incarnation == cell.Home.Link.Incarnation;

    private void Begin()
    {
        _pass.Clear();
        _asked.Clear();
    }

    private void AskInstall(ClosingBatch batch, Touch touch, long durable)
    {
        touch.Candidate = Next(batch, touch, durable);
        _asked.Add(touch);
        _pass.Add((touch.Cell.Home.Link, new ShardOperation
        {
            Verb = ShardVerb.CompareAndSet,
            CacheKey = touch.Cell.CacheKey,
            Token = touch.Base!.Token,
            Value = EnvelopeCodec.Encode(touch.Candidate),
            Grows = Grows(touch.Base.Envelope, touch.Candidate),
        }));
    }

    /// <summary>True if the envelope takes a step more of the shard's memory than the one it replaces: a new row, or one that gets clearly larger, also bit by bit.</summary>
    private static bool Grows(Envelope replaced, Envelope by) =>
        replaced.Current.State == RowState.Absent || StepsOf(by) > StepsOf(replaced);

    private static int StepsOf(Envelope envelope) =>
        (LengthOf(envelope.Current) + (envelope.Previous is { } previous ? LengthOf(previous) : 0)) / CommitterLimits.GrowthStep;

    private static int LengthOf(RowVersion version) => version.Value?.Utf8.Length ?? 0;

    /// <summary>Notes since when a shard owes an answer: time that a silent shard has cost already is not given to it again.</summary>
    private async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        if (_pass.Count == 0)
        {
            return;
        }

        var began = time.GetTimestamp();
        await shards.RunAsync(_pass, cancellationToken);
        if (_unansweredSince is null && _pass.Exists(static asked => asked.Operation.Status == ShardStatus.Unknown))
        {
            _unansweredSince = began;
        }
    }

    private readonly record struct Settling(Cell Cell, long Started);
}
