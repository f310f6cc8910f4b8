using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Mjolnir.Cli.Status;
using Spectre.Console;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>status</c>: what a server does now.</summary>
internal static class StatusVerb
{
    private static readonly Option<Uri?> Server = new("--url") { Description = "The server. Usual: the one that uses the data folder.", CustomParser = Url.Parse };
    private static readonly Option<string> Data = new("--data") { Description = "Its data folder, for its address and its token.", DefaultValueFactory = _ => ".mjolnir" };
    private static readonly Option<bool> Watch = new("--watch") { Description = "Show it again every second until Ctrl-C." };

    public static Command Create()
    {
        var command = new Command("status", "Show what a running server does.") { Server, Data, Watch };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var data = Path.GetFullPath(parsed.GetRequiredValue(Data));
        if (!Directory.Exists(data))
        {
            throw new FailureException($"there is no data folder {data}", "Name it: mjolnir status --data DIR");
        }

        var url = parsed.GetValue(Server) ?? DataFolder.ReadAddress(data) ?? throw new FailureException($"no server uses {data} now", "Start one: mjolnir dev APP --data DIR");
        using var http = new HttpClient { BaseAddress = url, Timeout = CliLimits.StatusPatience };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DataFolder.StatusToken(data));
        var console = Terminal.Create(Console.Out, Console.IsOutputRedirected);
        var first = await AskAsync(http, cancellationToken);
        console.Write(StatusTable.Of(first, null));
        if (parsed.GetValue(Watch))
        {
            await WatchAsync(console, http, first, cancellationToken);
        }

        return ExitCodes.Ok;
    }

    private static async Task WatchAsync(IAnsiConsole console, HttpClient http, StatusFigures first, CancellationToken cancellationToken)
    {
        using var seconds = new PeriodicTimer(CliLimits.WatchInterval);
        await console.Live(StatusTable.Of(first, null)).StartAsync(async live =>
        {
            for (var last = first; await seconds.WaitForNextTickAsync(cancellationToken);)
            {
                var now = await AskAsync(http, cancellationToken);
                live.UpdateTarget(StatusTable.Of(now, last));
                last = now;
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
