namespace Mjolnir.Cli.Up;

/// <summary>Where the data folder of <c>up</c> is, for the verb itself and for those that look for a running one.</summary>
internal static class UpPlaces
{
    /// <summary>Beside the pages, so that an application is one folder; never served, because no dot file is. Not the folder of <c>dev</c> itself: the two keep different things.</summary>
    public const string Usual = ".mjolnir/classic";

    public static string DataFolder(string application, string? given) => Path.GetFullPath(given ?? Path.Combine(application, Usual));

    /// <summary>The folder of an <c>up</c> that is or was named: the folder itself, its application's, or the working directory's.</summary>
    public static UpFolder Find(string? given)
    {
        string[] candidates = given is null
            ? [Usual, "classic", "."]
            : [given, Path.Combine(given, "classic"), Path.Combine(given, Usual)];
        var found = candidates.Select(Path.GetFullPath).FirstOrDefault(folder => new UpFolder(folder).ReadDeployment() is not null);
        return new UpFolder(found ?? Path.GetFullPath(candidates[0]));
    }
}
