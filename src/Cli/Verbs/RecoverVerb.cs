using System.CommandLine;
using System.Globalization;
using Mjolnir.Cli.Dev;
using Mjolnir.Cli.Status;
using Spectre.Console;

namespace Mjolnir.Cli.Verbs;

/// <summary>
/// <c>recover</c>: shows how far a cluster is with recovering, and ends when everything is served and every row is in memory. The recovery itself needs no command: whoever starts (or is left) seals the
/// logs of the dead, stores what they hold and opens a view.
/// </summary>
internal static class RecoverVerb
{
    public static Command Create()
    {
        var server = new Option<Uri?>("--url") { Description = "A server of the cluster.", CustomParser = Url.Parse };
        var data = new Option<string?>("--data") { Description = "The data folder of 'up', or the application's." };
        var config = new Option<string?>("--config") { Description = "The configuration of any role of the cluster." };
        var command = new Command("recover", "Follow the recovery of a cluster until every row is in memory again.") { server, data, config };
        command.SetAction(async (parsed, _) =>
        {
            var place = StatusPlaces.Cluster(parsed.GetValue(server), parsed.GetValue(data), parsed.GetValue(config))
                ?? throw new FailureException("no cluster runs there", "Start it: a start recovers by itself whatever the queue and the store hold. Name it with --data, --config or --url.");
            using var stop = new StopSignal();
            await FollowAsync(place, Terminal.Create(Console.Out, Console.IsOutputRedirected), stop.Token);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task FollowAsync(ClusterPlace place, IAnsiConsole console, CancellationToken cancellationToken)
    {
        using var source = new ClusterStatusSource(place);
        using var seconds = new PeriodicTimer(CliLimits.WatchInterval);
        var told = "";
        for (var looks = 0; ; looks++)
        {
            var status = await source.LookAsync(cancellationToken);
            var step = Step(status);
            if (step != told)
            {
                console.WriteLine(told = step);
            }

            if (IsDone(status))
            {
                return;
            }

            if (!source.AnybodyAnswered && looks >= CliLimits.SilentLooks)
            {
                throw new FailureException("no server of the cluster answers", "Start them: a start recovers by itself.");
            }

            await seconds.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static bool IsDone(ClusterStatus status) =>
        status.Newest is { } newest && newest.ActiveView >= newest.View && newest.Shards.Count > 0 && newest.Shards.All(shard => shard.Warm) && newest.Servers.All(server => server.Ready);

    private static string Step(ClusterStatus status)
    {
        if (status.Newest is not { } newest)
        {
            return "no server answers yet";
        }

        var (warm, ready) = (newest.Shards.Count(shard => shard.Warm), newest.Servers.Count(server => server.Ready));
        var rows = status.Workers.Where(each => each.Figures is not null).Select(each => each.Figures!).FirstOrDefault(each => each.RowsToWarm > 0);
        return string.Create(CultureInfo.InvariantCulture,
            $"view {newest.View} {(newest.ActiveView >= newest.View ? "active" : $"opening ({newest.Workers.Sum(worker => worker.Backlog):N0} batches to store)")}, {ready} of {newest.Servers.Count} servers ready, {warm} of {newest.Shards.Count} shards warm{(rows is null ? "" : $", {rows.WarmedRows:N0} of {rows.RowsToWarm:N0} rows")}");
    }
}
