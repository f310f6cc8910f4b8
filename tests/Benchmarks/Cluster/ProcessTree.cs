using System.Globalization;

namespace Mjolnir.Benchmarks.Cluster;

/// <summary>CPU time of a process and all its descendants, by what they are (Linux: /proc).</summary>
internal static class ProcessTree
{
    private const double TicksPerSecond = 100;

    /// <summary>Seconds of CPU so far, per kind of process.</summary>
    public static Dictionary<string, double> CpuSeconds(int root)
    {
        var parents = new Dictionary<int, int>();
        var cpu = new Dictionary<int, double>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && Stat(pid) is { } stat)
            {
                parents[pid] = stat.Parent;
                cpu[pid] = stat.Cpu;
            }
        }

        var sums = new Dictionary<string, double>();
        foreach (var (pid, seconds) in cpu)
        {
            if (IsUnder(pid, root, parents))
            {
                var kind = Kind(pid);
                sums[kind] = sums.GetValueOrDefault(kind) + seconds;
            }
        }

        return sums;
    }

    private static (int Parent, double Cpu)? Stat(int pid)
    {
        try
        {
            // After the name in parentheses: state, parent, …; the 12th and 13th are user and system ticks.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
        }
        catch (IOException)
        {
            return null; // it has ended meanwhile
        }
    }

    private static bool IsUnder(int pid, int root, Dictionary<int, int> parents)
    {
        for (var at = pid; at > 1; at = parents.GetValueOrDefault(at))
        {
            if (at == root)
            {
                return true;
            }
        }

        return false;
    }

    private static string Kind(int pid)
    {
        try
        {
            var words = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
            string[] roles = ["proxy", "app", "write-behind", "up"];
            var program = Path.GetFileName(words[0]);
            return program is "beam.smp" ? "RabbitMQ"
                : program is "memcached" ? program
                : program.StartsWith("ceph", StringComparison.Ordinal) || program == "radosgw" ? "S3 (Ceph)"
                : words.Any(word => Path.GetFileNameWithoutExtension(word) == "mjolnir") ? Array.Find(roles, role => words.Contains(role)) ?? "mjolnir"
                : program.StartsWith("postgres", StringComparison.Ordinal) ? "PostgreSQL"
                : "other";
        }
        catch (IOException)
        {
            return "other";
        }
    }
}
