using System.CommandLine;
using System.Globalization;
using Mjolnir.Cli.Transfer;
using Spectre.Console;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>export</c>: the rows of a store as newline-delimited JSON.</summary>
internal static class ExportVerb
{
    private static readonly Option<string> Out = new("--out") { Description = "The folder to make: TABLE.ndjson for each table.", Required = true };
    private static readonly Option<string?> Table = new("--table") { Description = "Only this table." };
    private static readonly Option<string?> App = new("--app") { Description = "Only this application, if several share the store." };
    private static readonly Option<string?> Config = new("--config") { Description = "The cluster's configuration. Usual: stack.json if there is one." };
    private static readonly Option<Uri?> S3 = new("--s3") { Description = "Address of the S3 service. Usual: Amazon's. Keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.", CustomParser = Url.Parse };
    private static readonly Option<string?> Bucket = new("--bucket") { Description = "The bucket." };
    private static readonly Option<string> Prefix = new("--prefix") { Description = "Begins the names of the objects.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Region = new("--region") { Description = "The bucket's region.", DefaultValueFactory = _ => "us-east-1" };
    private static readonly Option<string?> Data = new("--data") { Description = "Data folder of a `dev` server, which may be running." };

    public static Command Create()
    {
        var command = new Command("export", "Write the rows of a store as newline-delimited JSON, one file a table: one consistent state, also while servers run.")
        {
            Out, Table, App, Config, S3, Bucket, Prefix, Region, Data,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var source = new StoreSource(
            parsed.GetValue(Data), parsed.GetValue(Config), parsed.GetValue(S3), parsed.GetValue(Bucket), parsed.GetRequiredValue(Prefix), parsed.GetRequiredValue(Region));
        var store = await source.OpenAsync(cancellationToken);
        try
        {
            var console = Terminal.Create(Console.Out, Console.IsOutputRedirected);
            var progress = new TransferProgress();
            var exporter = new Exporter(store, parsed.GetRequiredValue(Out), parsed.GetValue(Table), parsed.GetValue(App), progress);
            var tables = await TransferScreen.FollowAsync(console, Console.IsOutputRedirected, progress, exporter.RunAsync(cancellationToken));
            foreach (var table in tables)
            {
                console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{table.Table}: {table.Rows} rows"));
            }

            console.WriteLine($"written to {parsed.GetRequiredValue(Out)}");
            return ExitCodes.Ok;
        }
        finally
        {
            (store as IDisposable)?.Dispose();
        }
    }
}
