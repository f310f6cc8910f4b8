using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.AppServer.Queries;

/// <summary>
/// Answers the questions that handlers ask indexes. An answer is as of one head:
/// <code>
/// 1 a head of the question's declarations; none yet: they are being built, and the question waits a little for that
/// 2 fresh: one that holds every batch durable at the call. Else: one that holds what the same user wrote, or, when that takes too long, the newest, which is then behind
/// 3 walk its pages; one that was taken away meanwhile: again, from a newer head
/// </code>
/// Thread-safe.
/// </summary>
public sealed class IndexQueries
{
    private const string SystemTable = "_index";

    private readonly IIndexPages _pages;
    private readonly IndexHeads _heads;
    private readonly Func<IReadOnlyList<Stamp>> _durable;
    private readonly Func<string, string> _progress;
    private readonly TimeProvider _time;
    private readonly SessionWrites _writes;
    private Action<IReadOnlyList<RowKey>>[] _changed = [];

    /// <summary>Queries over pages.</summary>
    /// <param name="pages">where pages lie</param>
    /// <param name="heads">the newest heads known here</param>
    /// <param name="durable">per log the last batch that is durable just now, of all logs whose transactions may have been answered</param>
    /// <param name="progress">what is to be said of a table whose indexes are not there yet: "42 % of its rows"</param>
    /// <param name="time">the clock</param>
    public IndexQueries(IIndexPages pages, IndexHeads heads, Func<IReadOnlyList<Stamp>> durable, Func<string, string> progress, TimeProvider time)
    {
        (_pages, _heads, _durable, _progress, _time) = (pages, heads, durable, progress, time);
        _writes = new SessionWrites(IsSettled);
    }

    /// <summary>False while the application that is served has no indexes: then nobody need remember who wrote what.</summary>
    public bool IsUsed { get; set; }

    /// <summary>Stands for all indexes of a table where rows are watched: what depends on a query depends on it.</summary>
    public static RowKey KeyOf(string app, string table) =>
        RowKey.TryCreate(app, SystemTable, table, out var key) ? key : throw new ArgumentException($"The table's name is too long: {table}", nameof(table));

    /// <summary>The indexes of a table have other entries than before. From any thread; returns at once.</summary>
    public void Changed(string app, string table)
    {
        RowKey[] keys = [KeyOf(app, table)];
        foreach (var told in Volatile.Read(ref _changed))
        {
            told(keys);
        }
    }

    /// <summary>Calls back with <see cref="KeyOf"/> when the indexes of a table change: it must be quick. Ends when disposed.</summary>
    internal IDisposable Subscribe(Action<IReadOnlyList<RowKey>> changed)
    {
        lock (_writes)
        {
            _changed = [.. _changed, changed];
        }

        return new Subscription(this, changed);
    }

    /// <summary>A write of this user is durable: their next questions wait for it.</summary>
    internal void Wrote(string user, Stamp stamp)
    {
        if (IsUsed)
        {
            _writes.Add(user, stamp);
        }
    }

    /// <summary>The answer, or why there is none. Takes a second or three where something is waited for, else as long as a few pages.</summary>
    /// <param name="question">what is asked</param>
    /// <param name="user">whose own writes are waited for; null: nobody's</param>
    /// <param name="cancellationToken">ends it</param>
    public async ValueTask<IndexAnswer> AnswerAsync(IndexQuestion question, string? user, CancellationToken cancellationToken)
    {
        if (!await _heads.WaitAsync(() => HeadFor(question) is not null, QueryLimits.Fresh, _time, cancellationToken))
        {
            return IndexAnswer.Refused($"The indexes of table '{question.Table}' are being built: {_progress(question.Table)}.");
        }

        var isBehind = false;
        if (question.IsFresh)
        {
            var wanted = _durable();
            if (!await HoldsAsync(question, wanted, QueryLimits.Fresh, cancellationToken))
            {
                return IndexAnswer.Refused($"The indexes of table '{question.Table}' are behind just now, and a fresh answer was asked for.");
            }
        }
        else if (user is not null)
        {
            isBehind = !await HoldsAsync(question, _writes.Of(user), QueryLimits.OwnWrites, cancellationToken);
        }

        return await WalkAsync(question, isBehind, cancellationToken);
    }

    private async ValueTask<IndexAnswer> WalkAsync(IndexQuestion question, bool isBehind, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < QueryLimits.Heads && HeadFor(question) is { } head; tries++)
        {
            if (await IndexReader.AnswerAsync(_pages, head, question, cancellationToken) is { } answer)
            {
                return isBehind ? answer.Behind() : answer;
            }
        }

        return IndexAnswer.Refused($"The indexes of table '{question.Table}' change faster than they can be read.");
    }

    private IndexHead? HeadFor(IndexQuestion question) => _heads.Newest(question.Table) is { } head && head.Declared == question.Declared ? head : null;

    private ValueTask<bool> HoldsAsync(IndexQuestion question, IReadOnlyList<Stamp> stamps, TimeSpan longest, CancellationToken cancellationToken) =>
        _heads.WaitAsync(() => HeadFor(question) is { } head && stamps.All(stamp => stamp.Batch == 0 || head.Covers(stamp)), longest, _time, cancellationToken);

    private bool IsSettled(Stamp stamp) => _heads.All.All(head => head.Covers(stamp));

    private sealed class Subscription(IndexQueries queries, Action<IReadOnlyList<RowKey>> changed) : IDisposable
    {
        public void Dispose()
        {
            lock (queries._writes)
            {
                queries._changed = [.. queries._changed.Where(one => one != changed)];
            }
        }
    }
}
