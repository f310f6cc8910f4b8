using System.CommandLine;
using System.Globalization;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Transfer;
using Mjolnir.Cli.Verify;
using Mjolnir.Storage.Objects;
using Spectre.Console;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>verify</c>: recomputes the indexes of a data folder from its rows, and compares. 0: all is as the rows say; 1: something is not.</summary>
internal static class VerifyVerb
{
    private static readonly Argument<string> App = AppFolder.Argument();
    private static readonly Option<string?> Data = new("--data") { Description = "Data folder of a `dev` server, which must not be running. Usual: .mjolnir in the application's folder." };

    public static Command Create()
    {
        var command = new Command("verify", "Recompute every index of a data folder from its rows, compare, and tell what differs.") { App, Data };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var folder = AppFolder.Resolve(parsed.GetRequiredValue(App));
        var data = AppFolder.DataFolder(folder, parsed.GetValue(Data));
        if (!Directory.Exists(DataFolder.Store(data)))
        {
            throw new FailureException($"there is no store in {data}", "Name the data folder of a server: --data DIR");
        }

        if (AppFolder.Load(folder, Console.Error) is not { } application)
        {
            return ExitCodes.Failed;
        }

        var time = TimeProvider.System;
        var options = new EmbeddedOptions(data, 1, ScriptEngines.Create, time, new Random()) { IsAudited = false };
        await using var stack = await EmbeddedStack.StartAsync(options, new Progress<WriteBehind.RecoveryProgress>(), cancellationToken);
        var console = Terminal.Create(Console.Out, Console.IsOutputRedirected);
        var progress = new TransferProgress();
        var verification = new Verification(application, stack, FolderObjectStore.OpenToRead(DataFolder.Store(data)), time, progress);
        var tables = await TransferScreen.FollowAsync(console, Console.IsOutputRedirected, progress, verification.RunAsync(cancellationToken));
        foreach (var table in tables)
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{table.Table}: {table.Rows:N0} rows, {table.Entries:N0} entries on {table.Pages:N0} pages: {(table.Differences == 0 ? "as the rows say" : $"{table.Differences:N0} differences")}"));
            foreach (var difference in table.First)
            {
                console.WriteLine("  " + difference);
            }
        }

        if (tables.Count == 0)
        {
            console.WriteLine($"{application.Name} declares no indexes");
        }

        return tables.All(table => table.Differences == 0) ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
