using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Mjolnir.Cli.Status;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>status</c>: what a server, or a whole cluster, does now.</summary>
internal static class StatusVerb
{
    private static readonly Option<Uri?> Server = new("--url") { Description = "A server. Usual: those that use the data folder.", CustomParser = Url.Parse };
    private static readonly Option<string?> Data = new("--data") { Description = "The data folder of dev or up, for addresses and token. Usual: .mjolnir." };
    private static readonly Option<string?> Config = new("--config") { Description = "The configuration of any role of a cluster, for the same." };
    private static readonly Option<bool> Watch = new("--watch") { Description = "Show it again every second until Ctrl-C." };

    public static Command Create()
    {
        var command = new Command("status", "Show what a running server or cluster does.") { Server, Data, Config, Watch };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var console = Terminal.Create(Console.Out, Console.IsOutputRedirected);
        if (StatusPlaces.Cluster(parsed.GetValue(Server), parsed.GetValue(Data), parsed.GetValue(Config)) is { } cluster)
        {
            using var source = new ClusterStatusSource(cluster);
            var tables = new ClusterTables(TimeProvider.System);
            await ShowAsync(console, parsed.GetValue(Watch), async () => tables.Stacks(await source.LookAsync(cancellationToken)), cancellationToken);
            return source.AnybodyAnswered ? ExitCodes.Ok : ExitCodes.Failed;
        }

        var (url, token) = StatusPlaces.Server(parsed.GetValue(Server), parsed.GetValue(Data));
        using var http = new HttpClient { BaseAddress = url, Timeout = CliLimits.StatusPatience };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        StatusFigures? last = null;
        await ShowAsync(
            console,
            parsed.GetValue(Watch),
            async () =>
            {
                var now = await AskAsync(http, cancellationToken);
                var table = StatusTable.Of(now, last);
                last = now;
                return table;
            },
            cancellationToken);
        return ExitCodes.Ok;
    }

    /// <summary>Once, or in place every second; into a file or a pipe one below the other.</summary>
    private static async Task ShowAsync(IAnsiConsole console, bool again, Func<Task<Table>> look, CancellationToken cancellationToken)
    {
        var first = await look();
        if (!again || Console.IsOutputRedirected)
        {
            console.Write(first);
        }

        if (!again)
        {
            return;
        }

        using var seconds = new PeriodicTimer(CliLimits.WatchInterval);
        if (Console.IsOutputRedirected)
        {
            while (await seconds.WaitForNextTickAsync(cancellationToken))
            {
                var table = await look();
                console.WriteLine($"{TimeProvider.System.GetLocalNow():HH:mm:ss}");
                console.Write(table);
            }
        }

        await console.Live((IRenderable)first).StartAsync(async live =>
        {
            while (await seconds.WaitForNextTickAsync(cancellationToken))
            {
                live.UpdateTarget(await look());
            }
        });
    }

    private static async Task<StatusFigures> AskAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync("/_mjolnir/status", cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw new FailureException($"{http.BaseAddress} answered {(int)response.StatusCode}", "Is it the server of this data folder? Its token is kept there.");
            }

            return await response.Content.ReadFromJsonAsync(StatusJson.Default.StatusFigures, cancellationToken)
                ?? throw new FailureException($"{http.BaseAddress} is no Mjolnir server");
        }
        catch (HttpRequestException fault)
        {
            throw new FailureException($"nobody answers at {http.BaseAddress}", "The server has stopped, or was killed. Start it again: its data are safe.", fault);
        }
    }
}
