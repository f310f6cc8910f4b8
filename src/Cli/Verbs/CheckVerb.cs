using System.CommandLine;
using Mjolnir.Cli.Applications;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>check APP</c>: every mistake with file, line and column.</summary>
internal static class CheckVerb
{
    public static Command Create()
    {
        var app = AppFolder.Argument();
        var command = new Command("check", "Report every mistake of an application with file, line and column.") { app };
        command.SetAction(parsed => Run(AppFolder.Resolve(parsed.GetRequiredValue(app))));
        return command;
    }

    private static int Run(string folder)
    {
        if (AppFolder.Load(folder, Console.Error) is not { } application)
        {
            return ExitCodes.Failed;
        }

        Console.Out.WriteLine(
            $"{application.Name}: no mistakes ({Count(application.Pages.Count, "page")}, {Count(application.Tables.Count, "table")}, {Count(application.Handlers.Count, "handler")})");
        return ExitCodes.Ok;
    }

    private static string Count(int count, string thing) => count == 1 ? $"1 {thing}" : $"{count} {thing}s";
}
