namespace Mjolnir.Cli.Bench.Load;

/// <summary>Where the server says a transaction's time went (<c>Server-Timing</c>), summed over the answers looked at, in milliseconds, and how many of them ran where they were predicted to.</summary>
internal sealed class ServerTimes
{
    public static readonly IReadOnlyList<string> Parts = ["route", "read", "run", "lock", "log"];

    private readonly double[] _sums = new double[Parts.Count];

    public long Answers { get; private set; }

    /// <summary>Of these, those that ran beside one of their rows.</summary>
    public long Predicted { get; private set; }

    /// <summary>Share of the answers that ran beside one of their rows.</summary>
    public double PredictionRate => Answers == 0 ? 0 : (double)Predicted / Answers;

    public void Add(ReadOnlySpan<double> milliseconds, bool isPredicted)
    {
        for (var i = 0; i < _sums.Length; i++)
        {
            _sums[i] += milliseconds[i];
        }

        Answers++;
        Predicted += isPredicted ? 1 : 0;
    }

    public double Mean(int part) => Answers == 0 ? 0 : _sums[part] / Answers;
}

/// <summary>What the client saw. Written by the client's thread only; the numbers may be read while it runs.</summary>
internal sealed class LoadFigures(int intervals)
{
    public LatencyHistogram Latency { get; } = new();

    public ServerTimes Times { get; } = new();

    /// <summary>Committed per interval of <see cref="BenchLimits.Interval"/>.</summary>
    public long[] PerInterval { get; } = new long[intervals];

    /// <summary>Transfers acknowledged, warm-up included: each moved money for good.</summary>
    public long CommittedEver { get; set; }

    /// <summary>Transfers acknowledged while measuring.</summary>
    public long Committed { get; set; }

    /// <summary>The handler said no for a reason of the bank's: not enough money.</summary>
    public long Aborted { get; set; }

    /// <summary>409 for any other reason: the user would see a conflict or an error. Must be 0.</summary>
    public long Conflicts { get; set; }

    /// <summary>429 and 503: nothing happened, sent again after Retry-After.</summary>
    public long Refused { get; set; }

    /// <summary>504 and anything else.</summary>
    public long Failed { get; set; }

    /// <summary>The first answer that was not expected, for the report.</summary>
    public string? FirstFailure { get; set; }

    public TimeSpan Measured { get; set; }

    public double PerSecond => Measured == TimeSpan.Zero ? 0 : Committed / Measured.TotalSeconds;
}
