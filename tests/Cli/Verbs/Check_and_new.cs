using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Verbs;

/// <summary>The verbs as a script sees them: a process, its output, its exit code.</summary>
public class Check_and_new
{
    [Fact]
    public async Task Check_of_the_bank_finds_nothing()
    {
        var (code, output) = await MjolnirProcess.RunAsync("check", Repository.Bank);

        Assert.Equal((0, true), (code, output.Contains("bank: no mistakes", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Check_names_file_line_and_column_of_every_mistake()
    {
        using var folder = new TestFolder();
        folder.Write("mjolnir.json", """
            {
              "name": "broken",
              "tables": {
                "users": { "key": "name", "columns": { "name": "string", "balance": "integr" } }
              }
            }
            """);
        folder.Write("index.html", "<!DOCTYPE html>\n<title>x</title>\n<p>{{ table('userz').find('a').balance }}</p>\n<p>{{ 1 + }}</p>\n");

        var (code, output) = await MjolnirProcess.RunAsync("check", folder.Path);

        Assert.Equal(1, code);
        Assert.Contains("mjolnir.json:4:", output);
        Assert.Contains("integr", output);
    }

    [Fact]
    public async Task Check_of_a_folder_that_is_not_there_fails_with_a_hint()
    {
        var (code, output) = await MjolnirProcess.RunAsync("check", "/nowhere/at/all");

        Assert.Equal(1, code);
        Assert.Contains("there is no folder", output);
        Assert.DoesNotContain("   at ", output);
    }

    [Fact]
    public async Task New_makes_an_application_that_passes_check()
    {
        using var folder = new TestFolder();

        var (made, _) = await MjolnirProcess.RunAsync("new", folder.At("guests"));
        var (check, output) = await MjolnirProcess.RunAsync("check", folder.At("guests"));

        Assert.Equal((0, 0), (made, check));
        Assert.Contains("guests: no mistakes", output);
    }

    [Fact]
    public async Task New_never_touches_a_folder_that_exists()
    {
        using var folder = new TestFolder();
        folder.Write("mine/index.html", "mine");

        var (code, output) = await MjolnirProcess.RunAsync("new", folder.At("mine"));

        Assert.Equal(1, code);
        Assert.Contains("exists already", output);
        Assert.Equal(["index.html"], Directory.GetFiles(folder.At("mine")).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("Guests")]
    [InlineData("1st")]
    [InlineData("a b")]
    [InlineData("_x")]
    public async Task New_says_what_a_name_may_be(string name)
    {
        using var folder = new TestFolder();

        var (code, output) = await MjolnirProcess.RunAsync("new", folder.At(name));

        Assert.Equal(1, code);
        Assert.Contains("Lower-case letters", output);
    }

    [Theory]
    [InlineData]
    [InlineData("fly")]
    [InlineData("check")]
    [InlineData("dev", ".", "--port", "70000")]
    [InlineData("dev", ".", "--sign-in", "closed")]
    [InlineData("bench", "bank", "--clients", "0")]
    public async Task Called_wrongly_every_verb_ends_with_2(params string[] arguments)
    {
        var (code, output) = await MjolnirProcess.RunAsync(arguments);

        Assert.Equal(2, code);
        Assert.Contains("mjolnir --help", output);
    }
}
