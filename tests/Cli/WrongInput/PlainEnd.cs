using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.WrongInput;

/// <summary>How a process must end that was told something wrong: one message in plain words, no stack trace, nothing left running.</summary>
internal static class PlainEnd
{
    /// <summary>A service that does not answer is waited for up to a minute; starting takes some seconds more on a loaded machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private const string Secret = "very-secret";

    /// <summary>Runs it to its end and returns what it wrote.</summary>
    public static async Task<string> OfAsync(int exitCode, string folder, params string[] arguments)
    {
        await using var process = MjolnirProcess.Start(arguments);
        await process.EndAsync(Patience);
        var output = process.Output;
        Assert.True(process.ExitCode == exitCode, $"It ended with {process.ExitCode}:\n{output}");
        Assert.True(output.Split('\n').Count(line => line.StartsWith("mjolnir: ", StringComparison.Ordinal)) == 1, output);
        Assert.DoesNotContain("   at ", output);
        Assert.DoesNotContain("--verbose", output);
        Assert.DoesNotContain(Secret, output);
        Assert.Empty(RunningProcesses.With(folder));
        return output;
    }
}
