using System.CommandLine;
using Mjolnir.Cli.New;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>new NAME</c>: a small application that works.</summary>
internal static class NewVerb
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the new application and of its folder: lower-case letters, digits and '-'." };
        var command = new Command("new", "Make a small application that works: a guest book.") { name };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(name)));
        return command;
    }

    private static int Run(string name)
    {
        // The last part of a path names the application: it becomes the first part of every row's key.
        var application = Path.GetFileName(Path.TrimEndingDirectorySeparator(name));
        if (application.Length is 0 or > CliLimits.ApplicationNameLength || !application.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || !char.IsAsciiLetterLower(application[0]))
        {
            throw new FailureException(
                $"'{application}' cannot be the name of an application",
                $"Lower-case letters, digits and '-', beginning with a letter, at most {CliLimits.ApplicationNameLength}: guest-book");
        }

        var files = Scaffold.Write(Path.GetFullPath(name), application);
        Console.Out.WriteLine($"Made {name}/ with {string.Join(", ", files)}");
        Console.Out.WriteLine($"Next: mjolnir dev {name}");
        return ExitCodes.Ok;
    }
}
