using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Committing;

/// <summary>The store as the loader of a missing row sees it. Implementations: the segments of the store, and scripted ones in protocol tests.</summary>
public interface IStoredRows
{
    /// <summary>Takes a new snapshot for <see cref="FindAsync"/>. Called before slots are used whose opening this server learnt of by itself, at the opening of a log.</summary>
    ValueTask RefreshAsync(CancellationToken cancellationToken);

    /// <summary>The newest valid version of a row, from a snapshot taken after the view that gave its slot to its shard became active; null if the store has none.</summary>
    ValueTask<RowVersion?> FindAsync(RowKey key, CancellationToken cancellationToken);

    /// <summary>The same from a snapshot that is taken now: its manifests are read after the call began (W6).</summary>
    ValueTask<RowVersion?> FindFreshAsync(RowKey key, CancellationToken cancellationToken);

    /// <summary>True once every row that the store had in these slots when they were opened is in the shard: from then on a miss is an absent row, and the store is not asked.</summary>
    /// <param name="label">the shard's label in the view</param>
    /// <param name="since">the view that gave the row's slot to the shard</param>
    bool IsWarm(string label, long since);
}
