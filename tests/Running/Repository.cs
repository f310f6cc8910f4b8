namespace Mjolnir.Running;

/// <summary>Where things are in the checkout that the tests run in.</summary>
public static class Repository
{
    /// <summary>The folder with Mjolnir.sln.</summary>
    public static string Root { get; } = FindRoot();

    public static string Bank => Path.Combine(Root, "samples", "bank");

    /// <summary>The program that tests start, as the beginning of a command: what <c>MJOLNIR_PROGRAM</c> names (the <c>mjolnir</c> of a published folder), else the launcher's build.</summary>
    public static string[] Program() => Environment.GetEnvironmentVariable("MJOLNIR_PROGRAM") is { Length: > 0 } named ? [named] : ["dotnet", BuiltProgram()];

    /// <summary>What <c>./mjolnir</c> built last; <c>./test</c> has it built before any suite runs.</summary>
    private static string BuiltProgram()
    {
        var program = Path.Combine(Root, "out", "current", "mjolnir.dll");
        return File.Exists(program) ? program : throw new InvalidOperationException("The program is not built: run ./mjolnir --version once.");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Mjolnir.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside a checkout.");
    }
}
