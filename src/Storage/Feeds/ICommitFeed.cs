using Mjolnir.Core.Keys;

namespace Mjolnir.Storage.Feeds;

/// <summary>Tells that all batches of a log up to <paramref name="DurableBatch"/> are durable, and which rows the newest of them wrote.</summary>
/// <param name="Log">the log</param>
/// <param name="DurableBatch">its durable watermark</param>
/// <param name="Changed">rows written by that batch; may be empty</param>
/// <param name="Sealed">the log ends there: its later stamps are void</param>
public sealed record CommitNotice(string Log, long DurableBatch, IReadOnlyList<RowKey> Changed, bool Sealed = false);

/// <summary>
/// How servers learn of each other's durable watermarks and of changed rows (live templates). Only an owner announces its own log,
/// after the confirm. Implementations: in-process (embedded stack), a fanout (classic stack).
/// </summary>
public interface ICommitFeed
{
    /// <summary>Tells everybody, the caller's own subscribers included. Returns at once.</summary>
    void Announce(CommitNotice notice);

    /// <summary>Calls <paramref name="receive"/> for each notice, on the announcer's thread: it must be quick and must not throw. Ends when disposed.</summary>
    IDisposable Subscribe(Action<CommitNotice> receive);
}
