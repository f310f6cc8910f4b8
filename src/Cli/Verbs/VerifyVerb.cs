using System.CommandLine;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Status;
using Mjolnir.Cli.Transfer;
using Mjolnir.Cli.Verify;
using Mjolnir.Storage.Objects;
using Spectre.Console;

namespace Mjolnir.Cli.Verbs;

/// <summary>
/// <c>verify</c>: recomputes the indexes from the rows, and compares: those of a data folder, or those that the indexers of a running cluster hold. 0: all is as the rows say; 1: something is not.
/// </summary>
internal static class VerifyVerb
{
    private static readonly Argument<string?> App = new("APP") { Description = "Folder of the application, for a data folder; a running cluster knows its own.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> Data = new("--data") { Description = "Data folder of a `dev` server, which must not be running, or of `up`, which must be. Usual: .mjolnir in the application's folder." };
    private static readonly Option<string?> Config = new("--config") { Description = "The configuration of any role of a running cluster, instead." };

    public static Command Create()
    {
        var command = new Command("verify", "Recompute every index of a data folder, or of a running cluster, from its rows, compare, and tell what differs.") { App, Data, Config };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var (given, named, config) = (parsed.GetValue(App), parsed.GetValue(Data), parsed.GetValue(Config));
        var searched = named ?? (given is null ? null : AppFolder.DataFolder(AppFolder.Resolve(given), null));
        if ((config is not null || searched is not null) && StatusPlaces.Cluster(null, searched, config) is { } cluster)
        {
            return await ClusterVerification.RunAsync(cluster, cancellationToken);
        }

        var folder = AppFolder.Resolve(given ?? throw new FailureException("an application's folder, or the --data or --config of a running cluster is needed") { ExitCode = ExitCodes.Usage });
        var data = AppFolder.DataFolder(folder, named);
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
            VerifiedText.Write(console, table.Table, table);
        }

        if (tables.Count == 0)
        {
            console.WriteLine($"{application.Name} declares no indexes");
        }

        return tables.All(table => table.Differences == 0) ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
