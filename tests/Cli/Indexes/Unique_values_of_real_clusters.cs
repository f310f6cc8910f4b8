using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>Unique indexes on a real cluster: memcached, RabbitMQ, S3, app servers, workers, indexers and proxy, some of which are killed with -9 while values are taken at both servers.</summary>
public sealed class Unique_values_of_real_clusters(ITestOutputHelper output) : IDisposable
{
    /// <summary>Values wanted between two kills.</summary>
    private const int Between = 40;

    /// <summary>A cluster with its services starts in half a minute on an idle machine.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);

    private readonly TestFolder _folder = new();
    private readonly IndexedClient _client = new();
    private readonly ConcurrentDictionary<int, ConcurrentDictionary<string, HttpStatusCode?>> _wanted = new();
    private readonly string _port = ClusterOfUp.FreePort().ToString(CultureInfo.InvariantCulture);

    private string Data => _folder.At("d");

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Are_taken_by_one_row_each_whatever_is_killed_and_rows_that_had_one_already_are_told()
    {
        // Rows of a version without: two of them have one price.
        var app = IndexedApplication.Write(_folder, """{"byPrice": {"columns": ["price"]}}""");
        await using (var first = Start(app))
        {
            var url = await ListeningAsync(first);
            foreach (var (id, price) in new[] { ("a", 1), ("b", 7), ("c", 7), ("d", 2) })
            {
                Assert.Equal(HttpStatusCode.OK, await TakeAsync(url, id, price));
            }

            first.Terminate();
            await first.EndAsync();
            Assert.True(first.ExitCode == 0, first.Output);
        }

        IndexedApplication.Write(_folder, """{"byPrice": {"columns": ["price"], "unique": true}}""");
        await using var up = Start(app);
        await ListeningAsync(up);
        var servers = ClusterOfUp.Servers(Data);
        await StatusTellsAsync("unique index byPrice of events: ready", "NOT UNIQUE: table 'events' has two rows with price 7: 'b' and 'c' (unique index 'byPrice')");
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (await TakeAsync(servers[0], "x", 7), await TakeAsync(servers[1], "y", 1)));

        using var stop = new CancellationTokenSource();
        var writing = Enumerable.Range(0, 4).Select(writer => TakeAsync(servers[writer % 2], writer, stop.Token)).ToArray();
        await VerifyAsync();
        foreach (var killed in (string[])["s2-app", "s1-indexer", "s1-app", "s1-write-behind", "s2-app"])
        {
            await MoreIsTakenAsync(up);
            await ClusterOfUp.KillAsync(Data, killed);
            output.WriteLine($"killed {killed} at {_wanted.Count} values");
        }

        await MoreIsTakenAsync(up);
        await VerifyAsync();
        await stop.CancelAsync();
        await Task.WhenAll(writing);
        await VerifyAsync();
        foreach (var server in servers)
        {
            await RequireOneEachAsync(server);
        }

        up.Terminate();
        await up.EndAsync();
        Assert.True(up.ExitCode == 0, up.Output);
        Assert.Empty(RunningProcesses.With(Data));
    }

    private MjolnirProcess Start(string app) =>
        MjolnirProcess.Start("up", app, "--stack", "classic", "--stacks", "2", "--with-services", "--sign-in", "open", "--port", _port, "--data", Data);

    private static async Task<Uri> ListeningAsync(MjolnirProcess up) =>
        new((await up.LineAsync(text => text.StartsWith("listening ", StringComparison.Ordinal), StartPatience))["listening ".Length..]);

    /// <summary>Wants each price with a row of its own, as the other writers do.</summary>
    private async Task TakeAsync(Uri url, int writer, CancellationToken stop)
    {
        for (var price = 1000; !stop.IsCancellationRequested; price++)
        {
            var id = $"p{price}w{writer}";
            var wanted = _wanted.GetOrAdd(price, static _ => new());
            wanted[id] = null;
            for (var began = TimeProvider.System.GetTimestamp(); !stop.IsCancellationRequested; await Task.Delay(20, CancellationToken.None))
            {
                wanted[id] = await TakeAsync(url, id, price);
                if (wanted[id] is not null)
                {
                    break;
                }

                Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, $"Nobody decides about {id} at {url}.");
            }
        }
    }

    /// <summary>OK or Conflict; null if it is not decided, or nobody knows.</summary>
    private async Task<HttpStatusCode?> TakeAsync(Uri url, string id, int price)
    {
        try
        {
            using var answer = await _client.PostAsync(url, "change", IndexedClient.Change(id, price));
            return answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict ? answer.StatusCode : null;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return null; // killed, or no answer in time
        }
    }

    /// <summary>Of the rows that wanted a price one is there: the one that was told so, if any was.</summary>
    private async Task RequireOneEachAsync(Uri url)
    {
        var (decided, open) = (0, 0);
        foreach (var (price, wanted) in _wanted)
        {
            var there = (await _client.ResultAsync(url, "there", new JsonArray([.. wanted.Keys]))).EnumerateArray().Select(static id => id.GetString()!).ToList();
            var told = wanted.Where(static each => each.Value == HttpStatusCode.OK).Select(static each => each.Key).ToList();
            Assert.True(there.Count <= 1 && told.TrueForAll(there.Contains), $"price {price}: {string.Join(' ', there)} are there; told were {string.Join(' ', told)}");

            // Refused is only who met another row.
            Assert.True(there.Count == 1 || wanted.Values.All(static each => each != HttpStatusCode.Conflict), $"price {price}: all were refused");
            (decided, open) = (decided + there.Count, open + (wanted.Values.Contains(null) ? 1 : 0));
        }

        output.WriteLine($"{decided} values taken; of {open} somebody was not told");
        Assert.True(decided > Between, $"Only {decided} values were taken.");
    }

    /// <summary>Each value is held by the row that has it, also while values are taken; but for the two rows that had one before. An indexer that was killed may be heard for a while, and then nobody answers.</summary>
    private async Task VerifyAsync()
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var (_, told) = await MjolnirProcess.RunAsync("verify", "--data", Data);
            output.WriteLine(told);
            var lines = told.Split('\n').ToList();
            if (lines.Find(static line => line.StartsWith("unique values of events at ", StringComparison.Ordinal)) is { } line)
            {
                Assert.EndsWith(": 1 differences", line.TrimEnd(), StringComparison.Ordinal);
                Assert.Contains(lines, static each => each.Contains("unique index byPrice: price 7 have 2 rows: 'b', 'c'", StringComparison.Ordinal));
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, told);
        }
    }

    private async Task StatusTellsAsync(params string[] lines)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(100))
        {
            var (code, status) = await MjolnirProcess.RunAsync("status", "--data", Data);
            if (code == 0 && lines.All(line => status.Contains(line, StringComparison.Ordinal)))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, status);
        }
    }

    private async Task MoreIsTakenAsync(MjolnirProcess up)
    {
        var enough = _wanted.Count + Between;
        for (var began = TimeProvider.System.GetTimestamp(); _wanted.Count < enough; await Task.Delay(10))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, $"Nothing is written any more. {up.Output}");
        }
    }
}
