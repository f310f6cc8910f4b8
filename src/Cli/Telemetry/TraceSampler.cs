using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Mjolnir.Cli.Telemetry;

/// <summary>
/// What is traced: of what begins here a share; of what a caller began, what the caller traces, up to a rate. Who calls may be anybody: without the rate a browser could have everything traced.
/// </summary>
internal sealed class TraceSampler(double share, TimeProvider time) : Sampler
{
    private readonly TraceIdRatioBasedSampler _roots = new(share);
    private readonly Lock _lock = new();
    private double _left = TelemetryLimits.CallersTraces;
    private long _looked = time.GetTimestamp();

    public override SamplingResult ShouldSample(in SamplingParameters parameters)
    {
        var parent = parameters.ParentContext;
        if (parent.TraceId == default)
        {
            return _roots.ShouldSample(parameters);
        }

        var isTraced = parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) && (parameters.Kind != ActivityKind.Server || TryTake());
        return new SamplingResult(isTraced ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }

    private bool TryTake()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _left = Math.Min(TelemetryLimits.CallersTraces, _left + (time.GetElapsedTime(_looked, now).TotalSeconds * TelemetryLimits.CallersTraces));
            _looked = now;
            if (_left < 1)
            {
                return false;
            }

            _left--;
            return true;
        }
    }
}
