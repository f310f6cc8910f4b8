using System.Diagnostics;
using Mjolnir.Core.Telemetry;

namespace Mjolnir.WriteBehind.Telemetry;

/// <summary>The consumed batches that carry a trace, in order: each has a span from when it was consumed until the store lists it. A worker that ends before that leaves no span; the next one gets the batch again.</summary>
internal sealed class TracedBatches
{
    private readonly Queue<(long Batch, Activity Span)> _waiting = new();

    public void Consumed(string log, long batch, string? traceParent)
    {
        if (traceParent is null || Tracing.BeginApart("store", ActivityKind.Consumer, traceParent) is not { } span)
        {
            return;
        }

        span.SetTag("mjolnir.log", log);
        span.SetTag("mjolnir.batch", batch);
        _waiting.Enqueue((batch, span));
    }

    public void StoredThrough(long batch)
    {
        while (_waiting.TryPeek(out var first) && first.Batch <= batch)
        {
            _waiting.Dequeue().Span.Dispose();
        }
    }
}
