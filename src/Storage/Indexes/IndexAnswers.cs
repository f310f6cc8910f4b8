using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;

namespace Mjolnir.Storage.Indexes;

/// <summary>
/// Answers from pages. An answer is as of one head:
/// <code>
/// 1 a head of the question's declarations; none yet: they are being built, and the question waits a little for that
/// 2 one that holds what is wanted; or, when that takes too long and the question is not a fresh one, the newest, which is then behind
/// 3 walk its pages; one that was taken away meanwhile: again, from a newer head
/// </code>
/// Thread-safe.
/// </summary>
/// <param name="pages">where pages lie</param>
/// <param name="heads">the newest heads known here</param>
/// <param name="progress">what is to be said of a table whose indexes are not there yet: "42 % of its rows"</param>
/// <param name="late">told of batches that were waited for in vain for a while: they may have been missed, and are in the store then. Returns at once</param>
/// <param name="time">the clock</param>
public sealed class IndexAnswers(IIndexPages pages, IndexHeads heads, Func<string, string> progress, Action<IReadOnlyList<Stamp>> late, TimeProvider time) : IIndexAnswers
{
    /// <inheritdoc/>
    public async ValueTask<IndexAnswer> AnswerAsync(IndexQuestion question, IReadOnlyList<Stamp> wanted, CancellationToken cancellationToken)
    {
        if (!await heads.WaitAsync(() => HeadFor(question) is not null, AnswerLimits.Fresh, time, cancellationToken))
        {
            return IndexAnswer.Refused($"The indexes of table '{question.Table}' are being built: {progress(question.Table)}.");
        }

        var isBehind = !await HoldsAsync(question, wanted, question.IsFresh ? AnswerLimits.Fresh : AnswerLimits.OwnWrites, cancellationToken);
        return isBehind && question.IsFresh
            ? IndexAnswer.Refused($"The indexes of table '{question.Table}' are behind just now, and a fresh answer was asked for.")
            : await WalkAsync(question, isBehind, cancellationToken);
    }

    /// <inheritdoc/>
    public bool IsSettled(Stamp stamp) => heads.All.All(head => head.Covers(stamp));

    private async ValueTask<IndexAnswer> WalkAsync(IndexQuestion question, bool isBehind, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < AnswerLimits.Heads && HeadFor(question) is { } head; tries++)
        {
            if (await IndexReader.AnswerAsync(pages, head, question, cancellationToken) is { } answer)
            {
                return isBehind ? answer.Behind() : answer;
            }
        }

        return IndexAnswer.Refused($"The indexes of table '{question.Table}' change faster than they can be read.");
    }

    private IndexHead? HeadFor(IndexQuestion question) => heads.Newest(question.Table) is { } head && head.Declared == question.Declared ? head : null;

    private async ValueTask<bool> HoldsAsync(IndexQuestion question, IReadOnlyList<Stamp> stamps, TimeSpan longest, CancellationToken cancellationToken)
    {
        if (await heads.WaitAsync(IsThere, AnswerLimits.Late, time, cancellationToken))
        {
            return true;
        }

        late(stamps);
        return await heads.WaitAsync(IsThere, longest - AnswerLimits.Late, time, cancellationToken);

        bool IsThere() => HeadFor(question) is { } head && stamps.All(stamp => stamp.Batch == 0 || head.Covers(stamp));
    }
}
