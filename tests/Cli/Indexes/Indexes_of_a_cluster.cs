using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>An application with indexes on a real cluster: memcached, RabbitMQ, S3, app servers, workers, indexers and proxy, some of which are killed with -9 while rows are written.</summary>
public sealed class Indexes_of_a_cluster(ITestOutputHelper output) : IDisposable
{
    private const int Writers = 4;

    /// <summary>Rows acknowledged before a kill, and behind it.</summary>
    private const int Between = 60;

    /// <summary>A cluster with its services starts in half a minute on an idle machine.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);

    private readonly TestFolder _folder = new();
    private readonly IndexedClient _client = new();
    private readonly string _port = ClusterOfUp.FreePort().ToString(CultureInfo.InvariantCulture);

    private string Data => _folder.At("d");

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Answer_at_every_server_and_are_what_the_rows_say_whatever_is_killed()
    {
        var app = IndexedApplication.Write(_folder, """{"byPrice": {"columns": ["price"], "sum": ["price"]}}""");
        await using var up = MjolnirProcess.Start("up", app, "--stack", "classic", "--stacks", "2", "--with-services", "--sign-in", "open", "--port", _port, "--data", Data);
        var proxy = new Uri((await up.LineAsync(text => text.StartsWith("listening ", StringComparison.Ordinal), StartPatience))["listening ".Length..]);
        var servers = ClusterOfUp.Servers(Data);
        Assert.Equal(2, servers.Count);

        await SeeAtEveryServerWhatWasWrittenAtAnotherAsync(servers);
        await StatusTellsOfBothAsync();

        using var stop = new CancellationTokenSource();
        var writing = Enumerable.Range(0, Writers).Select(writer => _client.WriteAsync(proxy, $"w{writer}", stop.Token)).ToArray();
        await MoreIsWrittenAsync(up);
        await VerifyBothAsync();
        foreach (var killed in (string[])["s1-indexer", "s2-app", "s1-write-behind", "s1-indexer", "s2-write-behind", "s2-indexer", "s1-app"])
        {
            await MoreIsWrittenAsync(up);
            await ClusterOfUp.KillAsync(Data, killed);
            output.WriteLine($"killed {killed} at {_client.Acknowledged.Count} rows");
        }

        // Nobody keeps the indexes for a while: writers do not notice.
        await MoreIsWrittenAsync(up);
        await Task.WhenAll(ClusterOfUp.KillAsync(Data, "s1-indexer"), ClusterOfUp.KillAsync(Data, "s2-indexer"));
        await MoreIsWrittenAsync(up);
        await stop.CancelAsync();
        await Task.WhenAll(writing);
        await VerifyBothAsync();
        foreach (var url in servers.Append(proxy))
        {
            await _client.RequireSameAsync(url);
        }

        output.WriteLine($"{_client.Acknowledged.Count} rows acknowledged of {_client.Tried.Count}");
        up.Terminate();
        await up.EndAsync();
        Assert.True(up.ExitCode == 0, up.Output);
        Assert.Empty(RunningProcesses.With(Data));
    }

    private async Task StatusTellsOfBothAsync()
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var (code, status) = await MjolnirProcess.RunAsync("status", "--data", Data);
            if (code == 0 && status.Contains("indexes of events at s1: following", StringComparison.Ordinal) && status.Contains("indexes of events at s2: following", StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, status);
        }
    }

    /// <summary>What every indexer holds follows from the rows, also while these are written. One that was killed may be heard for a while, and one that was started again may be starting over.</summary>
    private async Task VerifyBothAsync()
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var (code, told) = await MjolnirProcess.RunAsync("verify", "--data", Data);
            output.WriteLine(told);
            Assert.DoesNotContain("differences", told, StringComparison.Ordinal);
            if (code == 0 && IsRight(told, "s1") && IsRight(told, "s2"))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, told);
        }

        static bool IsRight(string told, string name) => told.Split('\n').Any(line => line.StartsWith($"events at {name}: ", StringComparison.Ordinal) && line.Contains("as the rows say", StringComparison.Ordinal));
    }

    /// <summary>Who wrote at one server sees it at the other, and who wants a fresh answer sees what anybody wrote.</summary>
    private async Task SeeAtEveryServerWhatWasWrittenAtAnotherAsync(IReadOnlyList<Uri> servers)
    {
        for (var i = 0; i < 40; i++)
        {
            var (here, there) = (servers[i % 2], servers[1 - (i % 2)]);
            var id = $"seen{i}";
            _client.Tried.Add(id);
            using (var written = await _client.PostAsync(here, "change", IndexedClient.Change(id, 1_000_000 + i)))
            {
                Assert.True(written.StatusCode == HttpStatusCode.OK, await written.Content.ReadAsStringAsync());
                _client.Acknowledged.Add(id);
            }

            // Users who are not signed in count as one.
            var isFresh = i % 4 > 1;
            var asked = new JsonObject { ["where"] = new JsonObject { ["price"] = 1_000_000 + i }, ["fresh"] = isFresh };
            for (var began = TimeProvider.System.GetTimestamp(); ;)
            {
                var answer = await _client.ResultAsync(there, "ask", asked);
                if (!answer.GetProperty("behind").GetBoolean())
                {
                    Assert.Equal([id], IndexedApplication.Ids(answer));
                    break;
                }

                Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, "The index stays behind.");
            }
        }
    }

    private async Task MoreIsWrittenAsync(MjolnirProcess up)
    {
        var enough = _client.Acknowledged.Count + Between;
        for (var began = TimeProvider.System.GetTimestamp(); _client.Acknowledged.Count < enough; await Task.Delay(10))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, $"Nothing is written any more. {up.Output}");
        }
    }
}
