using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>The real process, killed with kill -9 while rows are written, and started again on the same data.</summary>
public sealed class Killed_servers_with_indexes : IDisposable
{
    private const int Kills = 3;
    private const int Writers = 4;

    /// <summary>Rows acknowledged between two kills.</summary>
    private const int Between = 60;

    private readonly TestFolder _folder = new();
    private readonly IndexedClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Find_by_their_indexes_exactly_the_rows_that_are_there()
    {
        var app = IndexedApplication.Write(_folder, """{"byPrice": {"columns": ["price"], "sum": ["price"]}}""");
        for (var kill = 1; kill <= Kills; kill++)
        {
            var (process, url) = await ServeAsync(app);
            await using (process)
            {
                await _client.RequireSameAsync(url);
                using var stop = new CancellationTokenSource();
                var enough = _client.Acknowledged.Count + Between;
                var writing = Enumerable.Range(0, Writers).Select(writer => _client.WriteAsync(url, $"k{kill}w{writer}", stop.Token)).ToArray();
                for (var began = TimeProvider.System.GetTimestamp(); _client.Acknowledged.Count < enough; await Task.Delay(5))
                {
                    Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, process.Output);
                }

                await process.KillAsync();
                await stop.CancelAsync();
                await Task.WhenAll(writing);
            }
        }

        var (last, at) = await ServeAsync(app);
        await using (last)
        {
            await _client.RequireSameAsync(at);
        }
    }

    private Task<(MjolnirProcess Process, Uri Url)> ServeAsync(string app) =>
        MjolnirProcess.ServeAsync("dev", app, "--data", _folder.At("data"), "--port", "0", "--no-reload", "--no-rate-limit", "--stacks", "2");
}
