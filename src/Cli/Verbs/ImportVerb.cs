using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Status;
using Mjolnir.Cli.Transfer;
using Spectre.Console;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>import</c>: files of rows into a running deployment.</summary>
internal static class ImportVerb
{
    /// <summary>The status token, where neither folder nor configuration is at hand.</summary>
    private const string TokenVariable = "MJOLNIR_TOKEN";

    private static readonly string[] Endings = [TableFile.Extension, ".jsonl"];

    private static readonly Argument<string[]> Files = new("files") { Description = "Folders of an export, or files TABLE.ndjson.", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string> Existing = new("--existing") { Description = "Rows that exist with other content: fail, keep or replace.", DefaultValueFactory = _ => "fail" };
    private static readonly Option<Uri?> Server = new("--url") { Description = "An app server (proxies take no rows). Usual: one that uses the data folder.", CustomParser = Url.Parse };
    private static readonly Option<string> Data = new("--data") { Description = "Data folder of a running `dev` or `up`, for address and token.", DefaultValueFactory = _ => ".mjolnir" };
    private static readonly Option<string?> Config = new("--config") { Description = $"The cluster's configuration, for its token; or the token in {TokenVariable}." };

    public static Command Create()
    {
        Existing.AcceptOnlyFromAmong("fail", "keep", "replace");
        var command = new Command("import", "Bring rows (newline-delimited JSON, one file a table) into a running deployment, as transactions.") { Files, Existing, Server, Data, Config };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var files = parsed.GetRequiredValue(Files).SelectMany(FilesOf).ToList();
        var data = Path.GetFullPath(parsed.GetRequiredValue(Data));
        var cluster = Directory.Exists(data) ? StatusPlaces.Cluster(null, data, null) : null;
        var url = parsed.GetValue(Server) ?? AddressOf(cluster) ?? (Directory.Exists(data) ? DataFolder.ReadAddress(data) : null)
            ?? throw new FailureException("no server to bring the rows to", "Name it: --url http://…, or the data folder of a running server: --data DIR") { ExitCode = ExitCodes.Usage };
        using var http = new HttpClient { BaseAddress = url, Timeout = TransferLimits.RequestPatience };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(parsed, data, cluster));

        var console = Terminal.Create(Console.Out, Console.IsOutputRedirected);
        var progress = new TransferProgress();
        var importing = new Importer(http, parsed.GetRequiredValue(Existing), TimeProvider.System, progress).RunAsync(files, cancellationToken);
        var totals = await TransferScreen.FollowAsync(console, Console.IsOutputRedirected, progress, importing);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{totals.Inserted} inserted, {totals.Replaced} replaced, {totals.Kept} kept"));
        return ExitCodes.Ok;
    }

    private static IEnumerable<string> FilesOf(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            throw new FailureException($"there is no file or folder {path}") { ExitCode = ExitCodes.Usage };
        }

        var files = Directory.EnumerateFiles(path).Where(file => Endings.Contains(Path.GetExtension(file))).Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new FailureException($"there are no files of rows in {path}", "A table's file is called TABLE.ndjson.") { ExitCode = ExitCodes.Usage };
    }

    /// <summary>Any of a cluster's servers: it hands rows on to those that they lie beside.</summary>
    private static Uri? AddressOf(ClusterPlace? cluster) => cluster?.Servers.Select(server => new Uri(server.Url)).FirstOrDefault();

    private static string Token(ParseResult parsed, string data, ClusterPlace? cluster)
    {
        if (Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token)
        {
            return token;
        }

        return parsed.GetValue(Config) is { } config
            ? DataFolder.StatusToken(ConfigurationReader.Read(StackRole.Store, config, []).Secrets.Folder)
            : cluster is not null ? cluster.Token
            : Directory.Exists(data) ? DataFolder.StatusToken(data)
            : throw new FailureException("the server's token is not known", $"Name its configuration (--config FILE) or data folder (--data DIR), or set {TokenVariable}.") { ExitCode = ExitCodes.Usage };
    }
}
