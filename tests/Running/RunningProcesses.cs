using System.Globalization;

namespace Mjolnir.Running;

/// <summary>One process of this machine.</summary>
/// <param name="Id">its pid</param>
/// <param name="CommandLine">its arguments, separated by spaces</param>
public sealed record RunningProcess(int Id, string CommandLine);

/// <summary>The processes of this machine, by their command lines: all that <c>up</c> starts name its folder.</summary>
public static class RunningProcesses
{
    /// <summary>Those whose command line has these words.</summary>
    public static IReadOnlyList<RunningProcess> With(string words) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? new RunningProcess(id, CommandLineOf(id)) : null)
            .OfType<RunningProcess>()
            .Where(process => process.CommandLine.Contains(words, StringComparison.Ordinal)),
    ];

    private static string CommandLineOf(int id)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/cmdline")).Replace('\0', ' ');
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }
}
