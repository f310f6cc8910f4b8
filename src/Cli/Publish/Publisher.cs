using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace Mjolnir.Cli.Publish;

/// <summary>Makes a folder that runs on a platform without SDK or runtime: the framework is in it, compiled ahead for that platform.</summary>
internal sealed class Publisher(string checkout, TextWriter progress)
{
    /// <summary>The SDK says so when the framework for a platform cannot be fetched.</summary>
    private static readonly string[] MissingPack = ["NU1101", "NU1102", "NU1301", "NETSDK1184", "NETSDK1094", "NETSDK1112"];

    /// <param name="platform">such as linux-x64</param>
    /// <param name="target">the folder, which is replaced when the build has succeeded</param>
    /// <param name="cancellationToken">ends the build</param>
    /// <exception cref="FailureException">it cannot be built; the message says whether the platform's framework is missing</exception>
    public async Task RunAsync(string platform, string target, CancellationToken cancellationToken)
    {
        RequireOwn(target);
        var aside = target + ".new";
        Delete(aside);
        progress.WriteLine($"publishing for {platform} ...");
        var (code, output) = await DotnetAsync(Arguments(platform, aside, ahead: true), cancellationToken);
        if (code != 0 && IsMissing(output, "crossgen"))
        {
            progress.WriteLine($"the compiler that compiles ahead for {platform} cannot be fetched: without it, a process starts a second later");
            (code, output) = await DotnetAsync(Arguments(platform, aside, ahead: false), cancellationToken);
        }

        if (code != 0)
        {
            Delete(aside);
            throw Failure(platform, output);
        }

        Delete(target);
        Directory.Move(aside, target);
        progress.WriteLine($"{target}: {Megabytes(target):F0} MB. Copy the folder; start: {Path.Combine(target, platform.StartsWith("win", StringComparison.Ordinal) ? "mjolnir.exe" : "mjolnir")} --help");
    }

    private string[] Arguments(string platform, string target, bool ahead) =>
    [
        "publish", Path.Combine(checkout, "src", "Cli", "Cli.csproj"), "-c", "Release", "-r", platform, "--self-contained", "true", "-o", target,

        // Apart from the build that is running now.
        "--artifacts-path", Path.Combine(checkout, "out", "publish-artifacts"),
        $"-p:PublishReadyToRun={(ahead ? "true" : "false")}",

        // Framework and program as one: else all that the framework's generics are with our types (two thousand methods of a start) is compiled in each process.
        $"-p:PublishReadyToRunComposite={(ahead && platform.StartsWith("linux", StringComparison.Ordinal) ? "true" : "false")}",
        "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false", "-p:UseSharedCompilation=false",
        "-nodeReuse:false", "--nologo", "-v", "quiet",
    ];

    private static async Task<(int Code, IReadOnlyCollection<string> Output)> DotnetAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        Array.ForEach(arguments, start.ArgumentList.Add);
        var output = new ConcurrentQueue<string>();
        using var process = Begin(start);
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, output);
    }

    private static Process Begin(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw new FailureException("there is no 'dotnet' on the PATH", "Publishing needs the .NET SDK 10; what it makes does not.", fault);
        }
    }

    private static bool IsMissing(IEnumerable<string> output, string pack) =>
        output.Any(line => line.Contains(pack, StringComparison.OrdinalIgnoreCase) && MissingPack.Any(code => line.Contains(code, StringComparison.Ordinal)));

    private static FailureException Failure(string platform, IReadOnlyCollection<string> output)
    {
        var errors = output.Where(line => line.Contains("error", StringComparison.OrdinalIgnoreCase)).Select(line => line.Trim()).Distinct().Take(5).ToList();
        return errors.Exists(line => MissingPack.Any(code => line.Contains(code, StringComparison.Ordinal)) || line.Contains("NETSDK1083", StringComparison.Ordinal))
            ? new FailureException($"the .NET framework for {platform} cannot be fetched from the package registries of this machine", $"Publish on a machine that reaches them, or for another platform. {errors[0]}")
            : new FailureException($"the build for {platform} failed:\n  {string.Join("\n  ", errors)}");
    }

    /// <summary>A folder with anything else in it is not replaced.</summary>
    private static void RequireOwn(string target)
    {
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any() && !File.Exists(Path.Combine(target, "mjolnir.dll")))
        {
            throw new FailureException($"{target} holds something else", "Name an empty or a new folder: --out DIR");
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Megabytes(string folder) => new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) / 1048576.0;
}
