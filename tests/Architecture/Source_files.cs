using Mjolnir.Running;

namespace Mjolnir.Architecture.Tests;

/// <summary>Rules of style that a machine can hold.</summary>
public class Source_files
{
    private const int MostLines = 400;

    public static TheoryData<string> Forbidden =>
    [
        "Thread." + "Sleep(", // a condition is awaited, nothing is slept for
        "NotImplemented" + "Exception",
        "DateTime." + "UtcNow", // the clock is passed in
        "#reg" + "ion",
        "TO" + "DO",
    ];

    [Fact]
    public void Are_short_enough_to_be_read_at_once()
    {
        var tooLong = Files().Where(file => File.ReadLines(file).Count() > MostLines).Select(Relative);

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Of_tests_wait_for_conditions_too() =>
        Assert.Empty(Files("tests").Where(file => File.ReadAllText(file).Contains("Thread." + "Sleep(", StringComparison.Ordinal)).Select(Relative));

    [Theory]
    [MemberData(nameof(Forbidden))]
    public void Of_the_product_do_not_contain(string text)
    {
        var found = Files("src").Where(file => File.ReadAllText(file).Contains(text, StringComparison.Ordinal)).Select(Relative);

        Assert.Empty(found);
    }

    [Fact]
    public void Lie_in_folders_that_name_a_concept()
    {
        string[] drawers = ["Common", "Utils", "Util", "Helpers", "Infrastructure", "Misc"];

        var found = Files().Select(Relative).Where(file => file.Split('/').Any(part => drawers.Contains(part, StringComparer.OrdinalIgnoreCase)));

        Assert.Empty(found);
    }

    private static IEnumerable<string> Files() => Files("src").Concat(Files("tests"));

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Relative(file).Split('/').Any(part => part is "bin" or "obj"));

    private static string Relative(string file) => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/');
}
