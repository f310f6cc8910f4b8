using Mjolnir.Core.Batches;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;

namespace Mjolnir.AppServer.Committing;

/// <summary>The server's own log: opened, and left for a new one when nobody can tell any more what is in it.</summary>
internal sealed partial class Committer
{
    /// <summary>Makes the next log and says in it, first, under which view its batches are made (V12).</summary>
    private async Task OpenEpochAsync()
    {
        while (true)
        {
            var publisher = await _options.Epochs.OpenAsync(_stop.Token);
            var epoch = new LogEpoch(publisher, _time, _limits.LogLease);
            var marker = new Batch(epoch.Log, epoch.Next, _options.View.Number, BatchKind.View, _time.GetUtcNow().ToUnixTimeMilliseconds(), 0, [], []);
            if (await epoch.PublishAsync(BatchCodec.Encode(marker), _stop.Token) == PublishOutcome.Confirmed)
            {
                Tell(new CommitNotice(epoch.Log, epoch.Durable, []));
                _epoch = epoch;
                break;
            }

            await epoch.CloseAsync();
            Tell(new CommitNotice(epoch.Log, await SealAsync(epoch.Log), [], Sealed: true));
            await Task.Delay(_limits.LogLease, _time, _stop.Token);
        }

        Pump();
        CloseSoonIfWanted();
    }

    /// <summary>
    /// Nobody knows whether the batch under way is in the log, or somebody sealed it: nothing is answered; the log is sealed, its watermark tells, and
    /// everything that is not below it runs again in a new log. Batches sent before are settled by the watermark too (V13).
    /// </summary>
    private async Task RenewEpochAsync(ClosingBatch batch)
    {
        var epoch = _epoch!;
        _epoch = null;
        Counters.Epochs++;
        await epoch.CloseAsync();
        var watermark = await SealAsync(epoch.Log);
        Tell(new CommitNotice(epoch.Log, watermark, batch.Stamp.Batch <= watermark ? Visible(batch.Records()) : [], Sealed: true));
        batch.Release();
        _closing = null;
        foreach (var transaction in batch.Transactions)
        {
            if (batch.Stamp.Batch <= watermark && !transaction.Undone)
            {
                Complete(transaction);
            }
            else
            {
                transaction.ForgetAttempt();
                Ready(transaction);
            }
        }

        DissolveOpen();
        foreach (var (transaction, _) in _readers)
        {
            Ready(transaction);
        }

        _readers.Clear();
        _cells.Clear();
        await OpenEpochAsync();
    }

    private void Tell(CommitNotice notice)
    {
        _marks.Hear(notice);
        _options.Feed.Announce(notice);
    }

    /// <summary>Seals a log however long the store takes: until then nothing of it may be answered.</summary>
    private async Task<long> SealAsync(string log)
    {
        while (true)
        {
            try
            {
                return await _options.Epochs.SealAsync(log, _stop.Token);
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(_limits.LogLease, _time, _stop.Token);
            }
        }
    }
}
