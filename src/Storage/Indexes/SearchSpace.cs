using System.Collections.Concurrent;

namespace Mjolnir.Storage.Indexes;

/// <summary>
/// The memory that a search works in, megabytes for a common word. It is used again by the next search: made anew for each, collecting it was what the slowest ones waited for
/// (measured: docs/bench.md).
/// </summary>
internal sealed class SearchSpace
{
    // What is needed while all processors search. More searches than these come and go with memory of their own.
    private static readonly int Kept = Environment.ProcessorCount;
    private static readonly ConcurrentQueue<SearchSpace> Unused = new();

    /// <summary>The rows found.</summary>
    public FoundRows Rows { get; } = new();

    /// <summary>Other keys: words that may be meant, or groups that are counted.</summary>
    public KeyTable Keys { get; } = new();

    /// <summary>One that nobody else uses.</summary>
    public static SearchSpace Take() => Unused.TryDequeue(out var space) ? space : new SearchSpace();

    /// <summary>Nobody uses it any more.</summary>
    public static void Return(SearchSpace space)
    {
        if (Unused.Count < Kept && space.Rows.Bytes + space.Keys.Bytes <= AnswerLimits.SearchSpaceBytes)
        {
            Unused.Enqueue(space);
        }
    }
}
