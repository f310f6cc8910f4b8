using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;

namespace Mjolnir.AppServer.Committing;

/// <summary>The server's own log: opened, and left for a new one when nobody can tell any more what is in it.</summary>
internal sealed partial class Committer
{
    /// <summary>
    /// Makes the next log. Its first message says under which view its batches are made: the newest in the registry, read after the log was bound and registered, so that whoever made a
    /// later view finds this log in his list (V12).
    /// </summary>
    private async Task OpenEpochAsync()
    {
        for (var pause = _limits.FirstRetry; ; pause = Longer(pause))
        {
            var publisher = await WithoutOutageAsync(() => _options.Epochs.OpenAsync(_stop.Token));
            var epoch = new LogEpoch(publisher, _time, _limits.LogLease, _limits.Suspended);
            if (_limits.Suspended != SuspendedRule.V12 || _shards.View is null)
            {
                await MoveToLatestAsync();
            }

            if (await PublishMarkerAsync(epoch) == PublishOutcome.Confirmed)
            {
                _unstored.Clear();
                _epoch = epoch;
                break;
            }

            await epoch.CloseAsync();
            Tell(new CommitNotice(epoch.Log, await SealOwnAsync(epoch.Log), [], Sealed: true));
            await Task.Delay(pause, _time, _stop.Token);
        }

        HaveCrossed();
        Pump();
        CloseSoonIfWanted();
    }

    /// <summary>Says in the log, as a numbered batch, that what follows is made under the present view. A log that takes nothing at the moment is asked again.</summary>
    private async Task<PublishOutcome> PublishMarkerAsync(LogEpoch epoch)
    {
        for (var pause = _limits.FirstRetry; ; pause = Longer(pause))
        {
            var marker = new Batch(epoch.Log, epoch.Next, _shards.View!.Number, BatchKind.View, _time.GetUtcNow().ToUnixTimeMilliseconds(), 0, [], []);
            var outcome = await epoch.PublishAsync(BatchCodec.Encode(marker), _stop.Token);
            if (outcome == PublishOutcome.Confirmed)
            {
                Tell(new CommitNotice(epoch.Log, epoch.Durable, []));
            }

            if (outcome != PublishOutcome.Refused)
            {
                return outcome;
            }

            await Task.Delay(pause, _time, _stop.Token);
        }
    }

    /// <summary>
    /// Nobody knows whether the batch under way is in the log, or somebody sealed it: nothing is answered; the log is sealed, its watermark tells, and
    /// everything that is not below it runs again in a new log. Batches sent before are settled by the watermark too (V13).
    /// </summary>
    private async Task RenewEpochAsync(ClosingBatch? batch)
    {
        var epoch = _epoch!;
        _epoch = null;
        Counters.Epochs++;
        DissolveOpen();
        StepReadersBack();
        await epoch.CloseAsync();
        var watermark = await SealOwnAsync(epoch.Log);
        Tell(new CommitNotice(epoch.Log, watermark, batch?.Stamp.Batch <= watermark ? Visible(batch.Records()) : [], Sealed: true));
        if (batch is not null)
        {
            EndBatch(batch, batch.Stamp.Batch <= watermark && _limits.Suspended != SuspendedRule.V13);
        }

        _cells.ForgetBases();
        if (!_stopping)
        {
            await OpenEpochAsync();
        }
    }

    private void EndBatch(ClosingBatch batch, bool isDurable)
    {
        batch.Release();
        _closing = null;
        foreach (var transaction in batch.Transactions)
        {
            if (isDurable && !transaction.Undone)
            {
                NoteWrite(transaction, batch.Stamp);
                Complete(transaction);
            }
            else
            {
                transaction.ForgetAttempt();
                Ready(transaction);
            }
        }
    }

    private void Tell(CommitNotice notice)
    {
        _marks.Hear(notice);
        _options.Feed.Announce(notice);
    }

    /// <summary>Seals the log whose publisher was closed, however long that takes: until then nothing of it may be answered.</summary>
    private Task<long> SealOwnAsync(string log) => WithoutOutageAsync(() => _options.Epochs.SealOwnAsync(log, _stop.Token));

    /// <summary>Asks until the store and the broker answer, at most every <see cref="CommitterLimits.LongestRetry"/>. Callers do not wait for it longer than their patience.</summary>
    private async Task<T> WithoutOutageAsync<T>(Func<ValueTask<T>> ask)
    {
        for (var pause = _limits.FirstRetry; ; pause = Longer(pause))
        {
            try
            {
                return await ask();
            }
            catch (Exception fault) when (IsOutage(fault))
            {
                await Task.Delay(pause, _time, _stop.Token);
            }
            catch (CorruptDataException fault)
            {
                // An object of the store, which may be put back; rows in memory can be read meanwhile.
                _options.Alarm(Violation.Of("the own log", fault));
                await Task.Delay(pause, _time, _stop.Token);
            }
        }
    }

    private static bool IsOutage(Exception fault) => fault is StoreUnavailableException or LogUnavailableException or TimeoutException;

    private TimeSpan Longer(TimeSpan pause) => TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, _limits.LongestRetry.Ticks));
}
