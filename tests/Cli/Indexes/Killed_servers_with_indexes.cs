using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>The real process, killed with kill -9 while rows are written, and started again on the same data.</summary>
public sealed class Killed_servers_with_indexes : IDisposable
{
    private const int Kills = 3;
    private const int Writers = 4;

    /// <summary>Rows acknowledged between two kills.</summary>
    private const int Between = 60;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Find_by_their_indexes_exactly_the_rows_that_are_there()
    {
        var app = IndexedApplication.Write(_folder, """{"byPrice": {"columns": ["price"], "sum": ["price"]}}""");
        var (tried, acknowledged) = (new ConcurrentBag<string>(), new ConcurrentBag<string>());
        for (var kill = 1; kill <= Kills; kill++)
        {
            var (process, url) = await ServeAsync(app);
            await using (process)
            {
                await RequireSameAsync(url, tried, acknowledged);
                using var stop = new CancellationTokenSource();
                var enough = acknowledged.Count + Between;
                var writing = Enumerable.Range(0, Writers).Select(writer => WriteAsync(url, $"k{kill}w{writer}", tried, acknowledged, stop.Token)).ToArray();
                for (var began = TimeProvider.System.GetTimestamp(); acknowledged.Count < enough; await Task.Delay(5))
                {
                    Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, process.Output);
                }

                await process.KillAsync();
                await stop.CancelAsync();
                await Task.WhenAll(writing);
            }
        }

        var (last, at) = await ServeAsync(app);
        await using (last)
        {
            await RequireSameAsync(at, tried, acknowledged);
        }
    }

    private Task<(MjolnirProcess Process, Uri Url)> ServeAsync(string app) =>
        MjolnirProcess.ServeAsync("dev", app, "--data", _folder.At("data"), "--port", "0", "--no-reload", "--no-rate-limit", "--stacks", "2");

    private async Task WriteAsync(Uri url, string prefix, ConcurrentBag<string> tried, ConcurrentBag<string> acknowledged, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var id = $"{prefix}-{i}";
            tried.Add(id);
            try
            {
                var row = new JsonObject { ["id"] = id, ["price"] = i };
                using var response = await PostAsync(url, "change", new JsonArray(new JsonObject { ["id"] = id, ["row"] = row }));
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    acknowledged.Add(id);
                }
            }
            catch (HttpRequestException)
            {
                return; // killed
            }
        }
    }

    private async Task RequireSameAsync(Uri url, ConcurrentBag<string> tried, ConcurrentBag<string> acknowledged)
    {
        var found = new List<string>();
        string? cursor = null;
        do
        {
            var page = await ResultAsync(url, "ask", new JsonObject { ["where"] = new JsonObject(), ["order"] = "-price", ["limit"] = 50, ["cursor"] = cursor, ["fresh"] = true });
            found.AddRange(IndexedApplication.Ids(page));
            cursor = page.GetProperty("cursor").GetString();
        }
        while (cursor is not null);

        var there = new List<string>();
        foreach (var some in tried.Chunk(200))
        {
            there.AddRange((await ResultAsync(url, "there", new JsonArray([.. some]))).EnumerateArray().Select(id => id.GetString()!));
        }

        Assert.Equal(there.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        Assert.Empty(acknowledged.Except(found));
        Assert.Equal(found.Count, (await ResultAsync(url, "count", new JsonObject { ["where"] = new JsonObject(), ["fresh"] = true })).GetInt32());
    }

    private async Task<JsonElement> ResultAsync(Uri url, string handler, JsonNode argument)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(50))
        {
            using var response = await PostAsync(url, handler, argument);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("result");
            }

            Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable && TimeProvider.System.GetElapsedTime(began) < Patience, await response.Content.ReadAsStringAsync());
        }
    }

    private Task<HttpResponseMessage> PostAsync(Uri url, string handler, JsonNode argument) =>
        _http.PostAsJsonAsync(new Uri(url, $"/_mjolnir/tx/{handler}"), new JsonObject { ["args"] = new JsonArray(argument.DeepClone()) });
}
