using Mjolnir.Cli.Bench.Load;

namespace Mjolnir.Cli.Tests.Bench;

public class Latency_histograms
{
    [Fact]
    public void Percentiles_are_right_to_two_per_cent_at_any_size()
    {
        foreach (var scale in new[] { 1, 100, 10_000, 1_000_000 })
        {
            var histogram = new LatencyHistogram();
            for (var i = 1; i <= 1000; i++)
            {
                histogram.Record((long)i * scale);
            }

            foreach (var share in new[] { 0.01, 0.5, 0.9, 0.99, 0.999 })
            {
                var exact = share * 1000 * scale;
                Assert.InRange(histogram.Percentile(share), exact * 0.98, (exact * 1.02) + 1);
            }

            Assert.Equal(1000L * scale, histogram.Percentile(1));
            Assert.Equal(1000L * scale, histogram.Max);
            Assert.Equal(500.5 * scale, histogram.Mean, 3);
        }
    }

    [Fact]
    public void Nothing_recorded_is_zero()
    {
        Assert.Equal(0, new LatencyHistogram().Percentile(0.99));
        Assert.Empty(new LatencyHistogram().Buckets());
    }

    [Fact]
    public void Adding_two_is_recording_all_of_both()
    {
        var (one, other, both) = (new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram());
        var random = new Random(7);
        for (var i = 0; i < 10_000; i++)
        {
            var value = random.Next(1, 1_000_000);
            (i % 2 == 0 ? one : other).Record(value);
            both.Record(value);
        }

        one.Add(other);

        Assert.Equal(both.Buckets(), one.Buckets());
        Assert.Equal(both.Percentile(0.99), one.Percentile(0.99));
        Assert.Equal(both.Mean, one.Mean);
    }

    [Fact]
    public void Buckets_hold_every_value_at_or_below_their_edge()
    {
        for (long value = 0; value < 5_000_000; value += 1 + (value / 50))
        {
            var histogram = new LatencyHistogram();
            histogram.Record(value);
            var (edge, _) = Assert.Single(histogram.Buckets());
            Assert.InRange(edge, value, value + (value / 64) + 1);
        }
    }
}
