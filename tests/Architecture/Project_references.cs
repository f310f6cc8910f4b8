using System.Xml.Linq;
using Mjolnir.Running;

namespace Mjolnir.Architecture.Tests;

/// <summary>ARCHITECTURE.md, projects: which direction references go.</summary>
public class Project_references
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Core"] = [],
        ["Memcached"] = [],
        ["Storage"] = ["Core", "Memcached"],
        ["Scripting"] = ["Core"],
        ["Proxy"] = ["Core", "Storage"],
        ["AppServer"] = ["Core", "Storage", "Scripting"],
        ["WriteBehind"] = ["Core", "Storage"],
        ["Indexer"] = ["Core", "Storage"],
        ["Services"] = [],
        ["Cli"] = ["Core", "Memcached", "Storage", "Scripting", "Proxy", "AppServer", "WriteBehind", "Indexer", "Services"],
    };

    public static TheoryData<string> Projects => [.. SourceProjects()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Go_only_in_the_direction_of_the_architecture(string project) =>
        Assert.Subset(Allowed[project].ToHashSet(), ReferencesOf(project).ToHashSet());

    [Fact]
    public void Core_has_no_packages_and_no_frameworks()
    {
        var project = Load("Core");

        Assert.Empty(project.Descendants("PackageReference"));
        Assert.Empty(project.Descendants("FrameworkReference"));
    }

    [Fact]
    public void The_roles_meet_only_in_the_formats_of_Core_and_the_seams_of_Storage()
    {
        string[] roles = ["Proxy", "AppServer", "WriteBehind", "Indexer"];

        foreach (var role in roles.Intersect(SourceProjects()))
        {
            Assert.Empty(ReferencesOf(role).Intersect(roles));
        }
    }

    private static IEnumerable<string> SourceProjects() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)!);

    private static IEnumerable<string> ReferencesOf(string project) =>
        Load(project).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    private static XDocument Load(string project) => XDocument.Load(Path.Combine(Repository.Root, "src", project, project + ".csproj"));
}
