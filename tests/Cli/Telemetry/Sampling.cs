using System.Diagnostics;
using Mjolnir.Cli.Telemetry;
using Mjolnir.Core.Telemetry;
using OpenTelemetry.Trace;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Telemetry;

public sealed class Sampling(ITestOutputHelper output)
{
    [Fact]
    public void What_begins_here_is_traced_by_the_share()
    {
        Assert.Equal(SamplingDecision.Drop, Decide(new TraceSampler(0, TimeProvider.System), default, ActivityKind.Server));
        Assert.Equal(SamplingDecision.RecordAndSample, Decide(new TraceSampler(1, TimeProvider.System), default, ActivityKind.Server));
    }

    [Fact]
    public void A_callers_decision_is_followed_up_to_a_rate_and_work_inside_always()
    {
        var time = new StoppedTime();
        var sampler = new TraceSampler(1, time);
        Assert.Equal(SamplingDecision.Drop, Decide(sampler, Caller(ActivityTraceFlags.None), ActivityKind.Server));
        for (var i = 0; i < TelemetryLimits.CallersTraces; i++)
        {
            Assert.Equal(SamplingDecision.RecordAndSample, Decide(sampler, Caller(ActivityTraceFlags.Recorded), ActivityKind.Server));
        }

        Assert.Equal(SamplingDecision.Drop, Decide(sampler, Caller(ActivityTraceFlags.Recorded), ActivityKind.Server));
        Assert.Equal(SamplingDecision.RecordAndSample, Decide(sampler, Caller(ActivityTraceFlags.Recorded), ActivityKind.Consumer));
        time.Now += TimeSpan.TicksPerSecond;
        Assert.Equal(SamplingDecision.RecordAndSample, Decide(sampler, Caller(ActivityTraceFlags.Recorded), ActivityKind.Server));
    }

    [Fact]
    public void Nobody_listening_costs_no_memory()
    {
        const int rounds = 1_000_000;
        Walk(100);
        var (bytes, began) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
        Walk(rounds);
        var (spent, time) = (GC.GetAllocatedBytesForCurrentThread() - bytes, Stopwatch.GetElapsedTime(began));
        output.WriteLine($"{time.TotalNanoseconds / rounds:F1} ns a transaction, {spent} bytes in {rounds} transactions");
        Assert.Equal(0, spent);

        static void Walk(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                using var span = Tracing.Begin("transaction", ActivityKind.Server, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
                Assert.True(span is null && Tracing.Current is null && Tracing.Published is null);
            }
        }
    }

    private static SamplingDecision Decide(TraceSampler sampler, ActivityContext parent, ActivityKind kind) =>
        sampler.ShouldSample(new SamplingParameters(parent, ActivityTraceId.CreateRandom(), "call", kind)).Decision;

    private static ActivityContext Caller(ActivityTraceFlags flags) => new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), flags, isRemote: true);

    private sealed class StoppedTime : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
