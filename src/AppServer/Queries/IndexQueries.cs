using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.AppServer.Queries;

/// <summary>
/// The questions that handlers ask indexes:
/// <code>
/// 1 what the answer shall hold. Fresh: every batch durable at the call. Else: what the same user wrote, here or at another server
/// 2 whoever keeps the indexes answers, as of one state that holds it
/// </code>
/// Thread-safe.
/// </summary>
public sealed class IndexQueries
{
    private const string SystemTable = "_index";

    private readonly IIndexAnswers _answers;
    private readonly IWrittenMarks _marks;
    private readonly SessionWrites _writes;
    private Action<IReadOnlyList<RowKey>>[] _changed = [];

    /// <summary>Queries of one or more servers of this process.</summary>
    /// <param name="answers">answers questions</param>
    /// <param name="marks">what was written elsewhere</param>
    public IndexQueries(IIndexAnswers answers, IWrittenMarks marks)
    {
        (_answers, _marks) = (answers, marks);
        _writes = new SessionWrites(answers.IsSettled);
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
    public IDisposable Subscribe(Action<IReadOnlyList<RowKey>> changed)
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

    /// <summary>The batches that this user's writes at this process's servers are in, as far as they are not in every index by now.</summary>
    public IReadOnlyList<Stamp> WrittenBy(string user) => _writes.Of(user);

    /// <summary>The answer, or why there is none. Takes a second or three where something is waited for, else as long as a few pages.</summary>
    /// <param name="question">what is asked</param>
    /// <param name="user">whose own writes are waited for; null: nobody's</param>
    /// <param name="cancellationToken">ends it</param>
    public async ValueTask<IndexAnswer> AnswerAsync(IndexQuestion question, string? user, CancellationToken cancellationToken)
    {
        if (question.IsFresh)
        {
            return await _marks.DurableAsync(cancellationToken) is { } durable
                ? await _answers.AnswerAsync(question, durable, cancellationToken)
                : IndexAnswer.Refused("What is committed just now cannot be known, because a server does not answer, and a fresh answer was asked for.");
        }

        if (user is null)
        {
            return await _answers.AnswerAsync(question, [], cancellationToken);
        }

        // Elsewhere first: what is written here meanwhile is no harm.
        var elsewhere = await _marks.WrittenAsync(user, cancellationToken);
        var answer = await _answers.AnswerAsync(question, [.. elsewhere.Stamps, .. _writes.Of(user)], cancellationToken);
        return elsewhere.IsWhole || answer.Refusal is not null ? answer : answer.Behind();
    }

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
