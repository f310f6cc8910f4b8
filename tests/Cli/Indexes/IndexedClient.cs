using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>Calls the handlers of <see cref="IndexedApplication"/> over HTTP at servers that may be killed at any moment, and compares what indexes say with the rows that are there.</summary>
internal sealed class IndexedClient : IDisposable
{
    /// <summary>Until a killed process serves again and its indexes have caught up, on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Rows that somebody wanted to write.</summary>
    public ConcurrentBag<string> Tried { get; } = [];

    /// <summary>Of these the ones that are there for certain.</summary>
    public ConcurrentBag<string> Acknowledged { get; } = [];

    public void Dispose() => _http.Dispose();

    /// <summary>Writes rows one after another until told to stop; what is not answered may be there or not.</summary>
    public async Task WriteAsync(Uri url, string prefix, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var id = $"{prefix}-{i}";
            Tried.Add(id);
            try
            {
                using var response = await PostAsync(url, "change", Change(id, i));
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    Acknowledged.Add(id);
                    continue;
                }
            }
            catch (HttpRequestException)
            {
                // Killed.
            }
            catch (TaskCanceledException)
            {
                // No answer in time.
            }

            await Task.Delay(20);
        }
    }

    /// <summary>The change that makes a row.</summary>
    public static JsonArray Change(string id, int price) => [new JsonObject { ["id"] = id, ["row"] = new JsonObject { ["id"] = id, ["price"] = price } }];

    /// <summary>Requires that a query for everything gives exactly the rows that are there, among them all that were acknowledged.</summary>
    public async Task RequireSameAsync(Uri url)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var before = await ThereAsync(url);
            var found = await FoundAsync(url);
            var count = (await ResultAsync(url, "count", Everything())).GetInt32();
            if (before.SetEquals(await ThereAsync(url)))
            {
                Assert.Equal(before.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
                Assert.Empty(Acknowledged.Except(found));
                Assert.Equal(found.Count, count);
                return;
            }

            // A call that nobody waits for any more came to its end meanwhile.
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "Rows go on changing.");
        }
    }

    /// <summary>What a handler that only reads returned; asked again while it cannot be run.</summary>
    public async Task<JsonElement> ResultAsync(Uri url, string handler, JsonNode argument)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(50))
        {
            var problem = "";
            try
            {
                using var response = await PostAsync(url, handler, argument);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("result");
                }

                problem = await response.Content.ReadAsStringAsync();
                Assert.True(response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout, problem);
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
            {
                problem = fault.Message;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, problem);
        }
    }

    public Task<HttpResponseMessage> PostAsync(Uri url, string handler, JsonNode argument) =>
        _http.PostAsJsonAsync(new Uri(url, $"/_mjolnir/tx/{handler}"), new JsonObject { ["args"] = new JsonArray(argument.DeepClone()) });

    private static JsonObject Everything() => new() { ["where"] = new JsonObject(), ["fresh"] = true };

    private async Task<List<string>> FoundAsync(Uri url)
    {
        var found = new List<string>();
        string? cursor = null;
        do
        {
            var asked = Everything();
            (asked["order"], asked["limit"], asked["cursor"]) = ("-price", 50, cursor);
            var page = await ResultAsync(url, "ask", asked);
            found.AddRange(IndexedApplication.Ids(page));
            cursor = page.GetProperty("cursor").GetString();
        }
        while (cursor is not null);
        return found;
    }

    private async Task<HashSet<string>> ThereAsync(Uri url)
    {
        var there = new HashSet<string>(StringComparer.Ordinal);
        foreach (var some in Tried.Chunk(200))
        {
            there.UnionWith((await ResultAsync(url, "there", new JsonArray([.. some]))).EnumerateArray().Select(id => id.GetString()!));
        }

        return there;
    }
}
