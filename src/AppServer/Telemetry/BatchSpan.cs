using System.Diagnostics;
using Mjolnir.AppServer.Committing;
using Mjolnir.Core.Telemetry;

namespace Mjolnir.AppServer.Telemetry;

/// <summary>The publishing of a batch in the traces of the transactions in it.</summary>
internal static class BatchSpan
{
    /// <summary>Null if no transaction in the batch is traced.</summary>
    public static Activity? Begin(ClosingBatch batch)
    {
        List<string>? traced = null;
        foreach (var transaction in batch.Transactions)
        {
            if (transaction is { Trace: { } trace, Undone: false })
            {
                (traced ??= []).Add(trace);
            }
        }

        if (traced is null || Tracing.BeginPublish(traced) is not { } span)
        {
            return null;
        }

        span.SetTag("mjolnir.log", batch.Stamp.Log);
        span.SetTag("mjolnir.batch", batch.Stamp.Batch);
        span.SetTag("mjolnir.transactions", batch.Transactions.Count);
        return span;
    }
}
