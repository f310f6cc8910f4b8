using System.Diagnostics;

namespace Mjolnir.Cli.Up;

/// <summary>CPU and memory of processes, from one look to the next.</summary>
internal sealed class ProcessUse(TimeProvider time)
{
    private readonly Dictionary<int, (TimeSpan Cpu, long At)> _last = [];

    /// <summary>Share of one core since the last look, in percent, and resident bytes, of all these processes together.</summary>
    public (double Percent, long Bytes) Of(IReadOnlyList<int> processes)
    {
        var (percent, bytes) = (0.0, 0L);
        foreach (var id in processes)
        {
            if (Look(id) is var (cpu, resident))
            {
                var now = time.GetTimestamp();
                if (_last.TryGetValue(id, out var last) && time.GetElapsedTime(last.At, now) is { Ticks: > 0 } elapsed)
                {
                    percent += 100 * (cpu - last.Cpu) / elapsed;
                }

                _last[id] = (cpu, now);
                bytes += resident;
            }
        }

        return (percent, bytes);
    }

    private static (TimeSpan Cpu, long Resident)? Look(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return (process.TotalProcessorTime, process.WorkingSet64);
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException)
        {
            // It has ended meanwhile.
            return null;
        }
    }
}
