using System.Globalization;
using System.Runtime.InteropServices;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>One process of a cluster, found by its parent and its command line, and ended or stopped by its own pid.</summary>
internal sealed record ClusterProcess(int Id, string CommandLine)
{
    private const int SigKill = 9;
    private const int SigCont = 18;
    private const int SigStop = 19;

    /// <summary>The living child of that process whose command line contains these words; null while there is none.</summary>
    public static ClusterProcess? ChildOf(int parent, string words)
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Where(folder => int.TryParse(Path.GetFileName(folder), out _) && Read(folder, "stat") is { Length: > 0 } stat && ParentIn(stat) == parent)
            .Select(folder => new ClusterProcess(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), Read(folder, "cmdline").Replace('\0', ' ')));
        return children.SingleOrDefault(child => child.CommandLine.Contains(words, StringComparison.Ordinal));
    }

    public void Kill() => Send(SigKill);

    public void Stop() => Send(SigStop);

    public void Wake() => Send(SigCont);

    /// <summary>The fourth field, counted after the name in brackets, which may hold anything.</summary>
    private static int ParentIn(string stat) => int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);

    private static string Read(string folder, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, file));
        }
        catch (IOException)
        {
            // It ended between being listed and being read.
            return "";
        }
    }

    private void Send(int signal) => Assert.Equal(0, Signal(Id, signal));

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Signal(int pid, int signal);
}
