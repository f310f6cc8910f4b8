using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Segments;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>
/// Rows that batches consumed in this process wrote: one of each batch, and of those a random few, the newer the likelier. Offered by the workers' loops, taken by the auditor once they are stored.
/// Transaction ids are left out: they leave the store by themselves. Thread-safe.
/// </summary>
/// <param name="seed">of the choice</param>
public sealed class LogSample(int seed)
{
    /// <summary>Rows held: a few rounds' worth, 100 bytes each.</summary>
    private const int Held = 512;

    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly List<RowPrint> _rows = [];

    /// <summary>A batch was consumed.</summary>
    public void Offer(Batch batch)
    {
        if (batch.Records.Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            var record = batch.Records[_random.Next(batch.Records.Count)];
            if (SegmentRow.IsTransactionId(record.Key))
            {
                return;
            }

            var row = RowPrint.Of(record.Key, new RowVersion(record.Version, new Stamp(batch.Log, batch.Number), record.State, record.Value));
            if (_rows.Count < Held)
            {
                _rows.Add(row);
            }
            else
            {
                _rows[_random.Next(Held)] = row;
            }
        }
    }

    /// <summary>Takes some of those that fit, at random; the others stay.</summary>
    internal List<RowPrint> Take(int most, Func<RowPrint, bool> fits)
    {
        lock (_lock)
        {
            var taken = _rows.Where(fits).OrderBy(_ => _random.Next()).Take(most).ToList();
            _rows.RemoveAll(taken.Contains);
            return taken;
        }
    }
}
