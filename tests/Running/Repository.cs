namespace Mjolnir.Running;

/// <summary>Where things are in the checkout that the tests run in.</summary>
public static class Repository
{
    /// <summary>The folder with Mjolnir.sln.</summary>
    public static string Root { get; } = FindRoot();

    public static string Bank => Path.Combine(Root, "samples", "bank");

    /// <summary>What <c>./mjolnir</c> built last; <c>./test</c> has it built before any suite runs.</summary>
    public static string BuiltProgram()
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
