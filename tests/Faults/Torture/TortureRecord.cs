namespace Mjolnir.Faults.Tests.Torture;

/// <summary>A fault as it happened.</summary>
/// <param name="At">since the run began</param>
/// <param name="Fault">what was done</param>
/// <param name="Healed">until it was undone and calls were acknowledged again; null if the next one came meanwhile</param>
internal sealed record TortureMark(TimeSpan At, TortureFault Fault, TimeSpan? Healed);

/// <summary>Calls acknowledged in a short time.</summary>
internal sealed record TortureSample(TimeSpan From, TimeSpan To, int Acknowledged)
{
    /// <summary>Calls per second.</summary>
    public double Rate => Acknowledged / (To - From).TotalSeconds;
}

/// <summary>What happened in a run.</summary>
internal sealed class TortureRecord(int seed)
{
    public int Seed => seed;

    public TimeSpan Length { get; set; }

    /// <summary>Calls acknowledged, in all parts.</summary>
    public int Acknowledged { get; set; }

    public int Transfers { get; set; }

    /// <summary>Times that a call was sent again with its id.</summary>
    public int Retries { get; set; }

    /// <summary>Rows and objects of which a byte was flipped.</summary>
    public int Damaged { get; set; }

    /// <summary>Those of them that a process told of: the others were not looked at before they were mended, or written anew.</summary>
    public int Noticed { get; set; }

    /// <summary>In words: that nothing was wrong, or what.</summary>
    public string Verdict { get; set; } = "not finished";

    public List<TortureMark> Faults { get; } = [];

    public List<TortureSample> Samples { get; } = [];

    /// <summary>What was checked of each part.</summary>
    public List<string> Checks { get; } = [];

    public int Kills => Faults.Count(mark => mark.Fault.Kind == FaultKind.Kill);

    /// <summary>The longest time under load without any acknowledged call.</summary>
    public TimeSpan LongestOutage
    {
        get
        {
            var (longest, began) = (TimeSpan.Zero, TimeSpan.Zero);
            TortureSample? last = null;
            foreach (var sample in Samples)
            {
                if (last is null || last.Acknowledged > 0 || last.To != sample.From)
                {
                    began = sample.From;
                }

                longest = sample.Acknowledged == 0 && sample.To - began > longest ? sample.To - began : longest;
                last = sample;
            }

            return longest;
        }
    }
}
