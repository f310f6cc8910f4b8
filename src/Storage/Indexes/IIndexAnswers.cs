using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes.Queries;

namespace Mjolnir.Storage.Indexes;

/// <summary>Whoever answers questions to indexes. Implementations: over pages of this process (<see cref="IndexAnswers"/>), over indexers of a cluster.</summary>
public interface IIndexAnswers
{
    /// <summary>The answer, or why there is none. Takes a second or three where something is waited for, else as long as a few pages.</summary>
    /// <param name="question">what is asked</param>
    /// <param name="wanted">what the answer shall hold, per log the last batch; batch 0 is held by every answer. What is not there in time makes a fresh question refused, any other one behind</param>
    /// <param name="cancellationToken">ends the wait</param>
    /// <exception cref="Core.CorruptDataException">a page is damaged</exception>
    ValueTask<IndexAnswer> AnswerAsync(IndexQuestion question, IReadOnlyList<Stamp> wanted, CancellationToken cancellationToken);

    /// <summary>True if every answer from now on holds this batch: nobody need remember it.</summary>
    bool IsSettled(Stamp stamp);
}
