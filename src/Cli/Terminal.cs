using Spectre.Console;

namespace Mjolnir.Cli;

/// <summary>Consoles for tables and progress. Into a file or a pipe nothing is coloured, moved or wrapped.</summary>
internal static class Terminal
{
    private const int FileWidth = 200;

    public static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = FileWidth;
        }

        return console;
    }
}
