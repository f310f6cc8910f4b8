using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Running;
using Mjolnir.Indexer.Tables;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Indexer.Verifying;

/// <summary>A verification cannot be finished: why, in plain words.</summary>
public sealed class VerificationFailedException(string message) : Exception(message);

/// <summary>
/// Verifies the indexes of a table while its writer follows the logs. Both sides are of one instant, though neither stands still:
/// <code>
/// 1 from now on the changes of each step are noted; the vector of the head is H
/// 2 a snapshot of the store that has all rows up to H is read: its vector is S. Empty batches are not waited for: workers store them half a minute later
/// 3 between two steps, when the head has come to S: this head and what was noted are taken, and the pages of the head stay
/// 4 the rows of the snapshot with what was noted, of each the newest version, are those of this head; what follows from them is compared with its pages
/// </code>
/// </summary>
/// <param name="writer">the writer's side</param>
/// <param name="parts">what the indexer works with</param>
/// <param name="table">the table</param>
/// <param name="declared">the table's indexes</param>
internal sealed class RunningVerifier(VerifiedWriter writer, IndexerParts parts, string table, TableIndexes declared)
{
    /// <summary>Verifies.</summary>
    /// <param name="isOurs">which keys of the store are rows of the table</param>
    /// <param name="progress">told how many rows were read, now and then</param>
    /// <param name="cancellationToken">ends it</param>
    /// <exception cref="VerificationFailedException">the writer started over, or the store did not come up with it</exception>
    public async Task<VerifiedTable> RunAsync(Func<Core.Keys.RowKey, bool> isOurs, Action<long> progress, CancellationToken cancellationToken)
    {
        var written = await writer.BeginAsync(cancellationToken);
        try
        {
            await StoredAsync(written, cancellationToken);
            var stored = await StoredRows.OpenAsync(parts.Store, cancellationToken);
            var verifier = new TableVerifier(parts.Pages, table, declared);
            var read = 0L;
            await foreach (var row in stored.StreamAsync(isOurs, cancellationToken))
            {
                verifier.Add(TableIndexer.Change(row.Key, row.Version));
                if (++read % IndexerLimits.RowsBetweenProgress == 0)
                {
                    progress(read);
                }
            }

            var (head, noted) = await TakeAsync(stored.Snapshot, cancellationToken);
            verifier.Renew(noted);
            var verified = await verifier.VerifyAsync(head, cancellationToken);
            return writer.IsWhole ? verified : throw StartedOver();
        }
        finally
        {
            writer.End();
        }
    }

    /// <summary>Waits until the store has these batches.</summary>
    private async Task StoredAsync(IReadOnlyList<Stamp> wanted, CancellationToken cancellationToken)
    {
        await parts.StoreConsumed(cancellationToken);
        var manifest = new LogManifest(parts.Store);
        var began = parts.Time.GetTimestamp();
        foreach (var stamp in wanted)
        {
            while (await LastAsync(manifest, stamp.Log, cancellationToken) < stamp.Batch)
            {
                if (!writer.IsWhole)
                {
                    throw StartedOver();
                }

                if (parts.Time.GetElapsedTime(began) > IndexerLimits.VerifiedPatience)
                {
                    throw new VerificationFailedException($"the store still lacks batch {stamp.Batch} of log {stamp.Log}, which the indexes hold");
                }

                await Task.Delay(IndexerLimits.GapPause, parts.Time, cancellationToken);
            }
        }
    }

    private static async ValueTask<long> LastAsync(LogManifest manifest, string log, CancellationToken cancellationToken)
    {
        var (covered, entries) = await manifest.ReadWithCoverageAsync(log, cancellationToken);
        return entries.Count > 0 ? entries[^1].LastBatch : covered?.Batch ?? 0;
    }

    private async Task<(IndexHead Head, IReadOnlyCollection<RowChange> Noted)> TakeAsync(StoreSnapshot snapshot, CancellationToken cancellationToken)
    {
        var ends = TableIndexer.VectorOf(snapshot);
        for (var began = parts.Time.GetTimestamp(); ; await Task.Delay(IndexerLimits.StepPause, parts.Time, cancellationToken))
        {
            if (!writer.IsWhole)
            {
                throw StartedOver();
            }

            if (await writer.TryTakeAsync(ends, cancellationToken) is { } taken)
            {
                return taken;
            }

            if (parts.Time.GetElapsedTime(began) > IndexerLimits.VerifiedPatience)
            {
                throw new VerificationFailedException("the indexes do not come up with the store");
            }
        }
    }

    private static VerificationFailedException StartedOver() => new("the indexer started over meanwhile: its indexes are made anew");
}
