namespace Mjolnir.Cli.Publish;

/// <summary>The checkout that this program was built in, for verbs that build.</summary>
internal static class Checkout
{
    private const string Mark = "Mjolnir.sln";

    /// <summary>Its root; null: the program was published, and runs anywhere.</summary>
    public static string? Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Mark)))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
