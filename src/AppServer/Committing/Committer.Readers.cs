namespace Mjolnir.AppServer.Committing;

/// <summary>Read-only transactions over durable rows: answered after all their tokens were seen to hold, in one pass for all that wait (protocol: committing, step 5).</summary>
internal sealed partial class Committer
{
    private void ValidateReadersSoon()
    {
        if (!_readersPosted && !_readersRunning)
        {
            _readersPosted = true;
            _lane.Post(static state => ((Committer)state!).StartValidatingReaders(), this);
        }
    }

    private void StartValidatingReaders()
    {
        _readersPosted = false;
        if (_readers.Count > 0 && IsLive)
        {
            Watch(ValidateReadersAsync());
        }
    }

    private async Task ValidateReadersAsync()
    {
        _readersRunning = true;
        var readers = _readers.ToArray();
        _readers.Clear();
        var (epoch, view) = (_epoch, _shards.View);
        var reads = readers.SelectMany(static reader => reader.Reads).Distinct().ToArray();
        var proved = await _installer.StillProvedAsync(reads, _stop.Token);
        _readersRunning = false;
        var current = new Dictionary<(Cell, CellBase), bool>(reads.Length);
        for (var i = 0; i < reads.Length; i++)
        {
            current[reads[i]] = proved[i];
            ForgetUnlessProved(reads[i], proved[i]);
        }

        // The lease is looked at after the last read and before the answer (V10), and so is the view.
        var mayAnswer = epoch is not null && epoch == _epoch && view == _shards.View && epoch.LeaseIsFresh;
        foreach (var (transaction, itsReads) in readers)
        {
            if (mayAnswer && itsReads.All(read => current[read]))
            {
                Complete(transaction);
            }
            else
            {
                Ready(transaction);
            }
        }

        Pump();
        if (_readers.Count > 0)
        {
            ValidateReadersSoon();
        }
    }

    private static void ForgetUnlessProved((Cell Cell, CellBase Base) read, bool proved)
    {
        if (!proved && read.Cell.Base == read.Base)
        {
            read.Cell.Base = null;
        }
    }

    private readonly record struct Reader(Transaction Transaction, (Cell, CellBase)[] Reads);
}
