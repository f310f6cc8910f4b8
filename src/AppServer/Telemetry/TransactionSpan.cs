using System.Diagnostics;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Telemetry;

namespace Mjolnir.AppServer.Telemetry;

/// <summary>A transaction in a trace: from when its call is understood to its answer, with the same parts as <c>Server-Timing</c>.</summary>
internal static class TransactionSpan
{
    /// <summary>Null if nobody listens.</summary>
    public static Activity? Begin(string? traceParent) => Tracing.Begin("transaction", ActivityKind.Server, traceParent);

    /// <summary>Notes how it ended and where its time went: the parts one after another, reading and running that took turns summed.</summary>
    public static void Answered(Activity? span, string handler, TransactionAnswer answer)
    {
        if (span is not { Recorded: true })
        {
            return;
        }

        var timing = answer.Timing;
        span.SetTag("mjolnir.handler", handler);
        span.SetTag("mjolnir.status", answer.Status.ToString());
        span.SetTag("mjolnir.attempts", timing.Attempts);
        span.SetTag("mjolnir.routed", answer.Routed);
        if (answer.Status == TransactionStatus.Unknown)
        {
            span.SetStatus(ActivityStatusCode.Error, answer.Reason);
        }

        var began = span.StartTimeUtc;
        foreach (var (name, microseconds) in (ReadOnlySpan<(string, int)>)[("route", timing.Route), ("read", timing.Read), ("run", timing.Run), ("lock", timing.Lock), ("log", timing.Log)])
        {
            var time = TimeSpan.FromMicroseconds(microseconds);
            Tracing.Part(span, name, began, time);
            began += time;
        }
    }
}
