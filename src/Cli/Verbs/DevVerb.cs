using System.CommandLine;
using Mjolnir.AppServer.Http;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Dev;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>dev APP</c>: the whole application in one process.</summary>
internal static class DevVerb
{
    private static readonly Argument<string> App = AppFolder.Argument();
    private static readonly Option<int> Port = new("--port") { Description = "Port on 127.0.0.1; 0 takes a free one.", DefaultValueFactory = _ => 8080 };
    private static readonly Option<string?> Data = new("--data") { Description = "Folder for the data. Usual: .mjolnir in the application's folder, which is never served." };
    private static readonly Option<int> Stacks = new("--stacks") { Description = "V-stacks in this process.", DefaultValueFactory = _ => 1 };
    private static readonly Option<string?> SignIn = new("--sign-in") { Description = "'open' lets any name in without a password (loopback only)." };
    private static readonly Option<bool> NoReload = new("--no-reload") { Description = "Do not watch the application's files." };
    private static readonly Option<bool> NoRateLimit = new("--no-rate-limit") { Description = "No limit on calls per user (for load tests)." };

    public static Command Create()
    {
        Port.Validators.Add(result => RequireRange(result, result.GetValueOrDefault<int>(), 0, 65535));
        Stacks.Validators.Add(result => RequireRange(result, result.GetValueOrDefault<int>(), 1, CliLimits.MaxStacks));
        SignIn.AcceptOnlyFromAmong("open", "password");
        var command = new Command("dev", "Run an application in one process, with its data in one folder; reloads when files change.")
        {
            App, Port, Data, Stacks, SignIn, NoReload, NoRateLimit,
        };
        command.SetAction((parsed, _) => RunAsync(parsed));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        var folder = AppFolder.Resolve(parsed.GetRequiredValue(App));
        var options = new DevOptions(
            folder,
            AppFolder.DataFolder(folder, parsed.GetValue(Data)),
            parsed.GetValue(Port),
            parsed.GetValue(Stacks),
            parsed.GetValue(SignIn) == "open" ? SignInMode.Open : SignInMode.Password,
            Reload: !parsed.GetValue(NoReload),
            // Open sign-in is for development and load tests: one name then stands for everybody.
            RateLimit: !parsed.GetValue(NoRateLimit) && parsed.GetValue(SignIn) != "open");
        using var stop = new StopSignal();
        return await new DevSession(options, DevScreen.Create()).RunAsync(stop);
    }

    private static void RequireRange(System.CommandLine.Parsing.OptionResult result, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            result.AddError($"{result.Option.Name} must be from {least} to {most}.");
        }
    }
}
