using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Lanes;
using Mjolnir.AppServer.Peers;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.AppServer.Transactions;

/// <summary>The transactions of one V-stack: a lane, its committer, and the way in from any thread.</summary>
public sealed class TransactionServer : ITransactions, IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    private readonly CommitterOptions _options;
    private readonly Lane _lane;
    private readonly Committer _committer;
    private readonly HandlerQuarantine _quarantine;
    private readonly IDisposable _feed;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _timer;
    private volatile bool _closed;

    /// <summary>Makes the server; it serves after <see cref="StartAsync"/>.</summary>
    /// <param name="name">the V-stack's name, for the lane's thread</param>
    /// <param name="options">its parts</param>
    public TransactionServer(string name, CommitterOptions options)
    {
        Name = name;
        _options = options;
        _quarantine = new HandlerQuarantine(options.Time);
        _lane = options.NewLane(name, Fail);
        _committer = new Committer(_lane, options, name);
        _feed = options.Feed.Subscribe(Hear);
        _timer = options.Time.CreateTimer(_ => _lane.Post(static state => ((TransactionServer)state!).OnTick(), this), null, Tick, Tick);
    }

    /// <summary>The V-stack's name.</summary>
    public string Name { get; }

    /// <summary>What it has done.</summary>
    public CommitterCounters Counters => _committer.Counters;

    /// <summary>Completes with the reason if the server stops on a broken invariant: its process must end, a restart recovers.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Calls waiting for the lane.</summary>
    public int Backlog => _lane.Backlog;

    /// <summary>The view it has crossed to.</summary>
    /// <exception cref="InvalidOperationException">it has not started</exception>
    public ClusterView View => _committer.Crossed ?? throw new InvalidOperationException($"The server {Name} has not started.");

    /// <summary>Its present log; null while none is open.</summary>
    public string? Log => _committer.Log;

    /// <summary>The durable watermark of its present log.</summary>
    public long Durable => _committer.Durable;

    /// <summary>Opens the server's log under the newest view. From then on it serves. Takes as long as the store and the log's broker do not answer.</summary>
    public Task StartAsync() => OnLane(_committer.StartAsync);

    /// <summary>
    /// Crosses to a view (protocol: changing the view). Returns when its marker is confirmed in this server's log, or the log was renewed under it or a later one; at once for an older one or
    /// the same. Slots that the view moved, or whose shard it labelled anew, wait until <see cref="Activate"/>; all others are served throughout.
    /// </summary>
    public Task CrossAsync(ClusterView view) => OnLane(() => _committer.CrossAsync(view));

    /// <summary>Says that a view is open; the snapshot behind <see cref="IStoredRows"/> was refreshed after it was. Returns at once.</summary>
    public void Activate(long view) => _lane.Post(_ => _committer.Activate(view), null);

    /// <summary>Says how far another server's log is durable, from wherever that was learnt (a beat makes good a notice that was lost).</summary>
    public void Hear(CommitNotice notice)
    {
        if (notice.Log != _committer.Log)
        {
            _lane.Post(_ => _committer.Hear(notice), null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<TransactionAnswer> RunAsync(TransactionCall call, CancellationToken cancellationToken)
    {
        var handler = call.Run.Handler.Name;
        if (_quarantine.SecondsLeft(handler, call.Run.User) is > 0 and var seconds)
        {
            return Unavailable($"The handler '{handler}' ran into its limits and is paused.", seconds);
        }

        if (_closed || _lane.Backlog > _options.Limits.WaitingCalls)
        {
            return Unavailable(_closed ? "The server is stopping." : "Too many requests are waiting.", 1, elsewhere: true);
        }

        RowKey? outcome = null;
        if (call.Id is { } id)
        {
            if (!Outcomes.TryKey(call.Run.Application.Name, call.Run.User, id, out var key))
            {
                return ValueTask.FromResult(new TransactionAnswer { Status = TransactionStatus.Aborted, AbortKind = AbortKind.Error, Reason = "The id and the user's name are too long together." });
            }

            outcome = key;
        }

        var transaction = new HandlerTransaction(call, outcome, _options.Limits, _options.Time, _quarantine, _options.Predictor, _options.Foresight, _options.EngineFault) { Arrived = _options.Time.GetTimestamp() };
        if (call.Passage != CallPassage.Direct)
        {
            // What another server gave away stays here; if it had conflicts there, one more makes it a batch of its own.
            transaction.WasHandedOver = true;
            transaction.Conflicts = call.Passage == CallPassage.HandedOver ? _options.Limits.ConflictsBeforeOrder : 0;
        }

        Submit(transaction);
        return new ValueTask<TransactionAnswer>(transaction.Answer);
    }

    /// <inheritdoc/>
    public async ValueTask<RenderedTemplates?> RenderAsync(Application application, Page page, string? user, CancellationToken cancellationToken)
    {
        var seed = new TransactionSeed(_options.Time.GetUtcNow().ToUnixTimeMilliseconds(), (ulong)Random.Shared.NextInt64());
        var transaction = new RenderTransaction(application, page, user, seed, _options.EngineFault) { Arrived = _options.Time.GetTimestamp() };
        Submit(transaction);
        return await transaction.Result.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<TransactionStatus> RunBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken) => (await TryBuiltInAsync(step, cancellationToken)).Status;

    /// <inheritdoc/>
    public async ValueTask<(TransactionStatus Status, string? Refusal)> TryBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken)
    {
        var transaction = new BuiltInTransaction(step) { Arrived = _options.Time.GetTimestamp() };
        Submit(transaction);
        return await transaction.Result.WaitAsync(cancellationToken) is { } status ? (status, null) : (TransactionStatus.Unavailable, transaction.Refusal);
    }

    /// <inheritdoc/>
    /// <exception cref="TimeoutException">the row is not available at the moment</exception>
    public async ValueTask<Document?> ReadAsync(RowKey key, CancellationToken cancellationToken)
    {
        var transaction = new ReadTransaction(key) { Arrived = _options.Time.GetTimestamp() };
        Submit(transaction);
        var found = await transaction.Result.WaitAsync(cancellationToken) ?? throw new TimeoutException($"The row {key} cannot be read: {transaction.Refusal ?? "no answer in time."}");
        return found.Row;
    }

    /// <inheritdoc/>
    public IDisposable OnChanged(Action<IReadOnlyList<RowKey>> changed)
    {
        var rows = _options.Feed.Subscribe(notice =>
        {
            if (notice.Changed.Count > 0)
            {
                changed(notice.Changed);
            }
        });
        return _options.Queries is { } queries ? new Both(rows, queries.Subscribe(changed)) : rows;
    }

    /// <summary>Has rows of the table of outcomes that were loaded at the start removed after their time.</summary>
    public void ExpireLater(RowKey key, TimeSpan after, Stamp stamp) =>
        _lane.Post(_ => _committer.ExpireLater(key, after, stamp), null);

    /// <summary>Gives transactions to the server beside a row, after conflicts.</summary>
    /// <param name="beside">the server beside a row, as far as it can be reached: of this process, or of another one, which takes handlers' transactions only</param>
    public void HandOverTo(Func<RowKey, ITransactions> beside) => _options.HandOver = (key, transaction) => beside(key) switch
    {
        TransactionServer owner => owner != this && !owner._closed && owner.TakeOver(transaction),
        PeerTransactions owner => transaction is HandlerTransaction call && owner.TryTakeOver(call),
        _ => false,
    };

    /// <summary>A transaction that was given away was not taken: it runs here after all.</summary>
    internal void TakeBack(Transaction transaction) => Submit(transaction);

    /// <summary>Stops: what is between close and confirm is still answered, the rest refused.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        await _timer.DisposeAsync();
        _feed.Dispose();
        if (!_failed.Task.IsCompleted)
        {
            await OnLane(_committer.StopAsync);
        }

        _lane.Dispose();
    }

    private bool TakeOver(Transaction transaction)
    {
        transaction.WasHandedOver = true;
        Submit(transaction);
        return true;
    }

    private void Submit(Transaction transaction)
    {
        transaction.Owner = _committer;
        _lane.Post(static state =>
        {
            var submitted = (Transaction)state!;
            submitted.Owner!.Submit(submitted);
        }, transaction);
        if (_lane.HasEnded)
        {
            transaction.Refuse("The server is stopping.", 1);
        }
    }

    private void OnTick()
    {
        _committer.ExpireWaiting();
        _committer.LookAtBacklog();
        _committer.Expire();
    }

    private void Fail(Exception exception)
    {
        _closed = true;
        _committer.Fail();
        _failed.TrySetResult(exception);
    }

    private Task OnLane(Func<Task> walk)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _lane.Post(async void (_) =>
        {
            try
            {
                await walk();
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }, null);
        return done.Task;
    }

    private sealed class Both(IDisposable rows, IDisposable indexes) : IDisposable
    {
        public void Dispose()
        {
            rows.Dispose();
            indexes.Dispose();
        }
    }

    private static ValueTask<TransactionAnswer> Unavailable(string reason, int seconds, bool elsewhere = false) =>
        ValueTask.FromResult(new TransactionAnswer { Status = TransactionStatus.Unavailable, Reason = reason, RetryAfterSeconds = seconds, RetryElsewhere = elsewhere });
}
