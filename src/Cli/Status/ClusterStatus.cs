using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Mjolnir.Cli.Status;

/// <summary>What one process answered, or why it did not.</summary>
/// <param name="Name">its name</param>
/// <param name="Url">where it was asked</param>
/// <param name="Figures">what it told; null: it did not answer</param>
/// <param name="Problem">why not, in plain words</param>
internal sealed record Told<T>(string Name, string Url, T? Figures, string? Problem)
    where T : class;

/// <summary>A look at all processes of a cluster that were asked. Some may not answer: the others are shown all the same.</summary>
internal sealed record ClusterStatus(IReadOnlyList<Told<StatusFigures>> Servers, IReadOnlyList<Told<WorkerStatus>> Workers)
{
    public static ClusterStatus Empty { get; } = new([], []);

    /// <summary>The servers that answered, with what they know of the cluster.</summary>
    public IEnumerable<StatusFigures> Answered => Servers.Where(each => each.Figures?.Cluster is not null).Select(each => each.Figures!);

    /// <summary>What the one that knows the newest view knows, without servers that have left; null: none answered.</summary>
    public ClusterFigures? Newest => Knowing is { } knowing
        ? knowing with { Servers = [.. knowing.Servers.Where(server => server.Ready || knowing.Shards.Any(shard => shard.Name == server.Name))] }
        : null;

    private ClusterFigures? Knowing => Answered.Select(each => each.Cluster!).MaxBy(each => (each.ActiveView, each.View));
}

/// <summary>Asks the processes of a cluster for their status.</summary>
internal sealed class ClusterStatusReader : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="token">the status token of the cluster's secrets</param>
    /// <param name="patience">for one answer</param>
    public ClusterStatusReader(string token, TimeSpan patience)
    {
        // Straight at the servers: a proxy of the environment is for the outside.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = patience };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Asks all at once.</summary>
    /// <param name="servers">names and URLs of app servers</param>
    /// <param name="workers">names and URLs of write-behind processes; one that serves no status is left out</param>
    /// <param name="cancellationToken">ends the look</param>
    public async Task<ClusterStatus> ReadAsync(
        IEnumerable<(string Name, string Url)> servers, IEnumerable<(string Name, string Url)> workers, CancellationToken cancellationToken)
    {
        var told = Task.WhenAll(servers.Select(each => AskAsync(each.Name, each.Url, StatusJson.Default.StatusFigures, cancellationToken)));
        var behind = Task.WhenAll(workers.Select(each => AskAsync(each.Name, each.Url, StatusJson.Default.WorkerStatus, cancellationToken)));
        return new ClusterStatus(await told, await behind);
    }

    public void Dispose() => _http.Dispose();

    private async Task<Told<T>> AskAsync<T>(string name, string url, JsonTypeInfo<T> shape, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(new Uri(url), "/_mjolnir/status"), cancellationToken);
            return response.IsSuccessStatusCode
                ? new Told<T>(name, url, await response.Content.ReadFromJsonAsync(shape, cancellationToken), null)
                : new Told<T>(name, url, null, (int)response.StatusCode == 401 ? "it wants another token: is this its secrets folder?" : $"it answered {(int)response.StatusCode}");
        }
        catch (HttpRequestException)
        {
            return new Told<T>(name, url, null, "nobody answers");
        }
        catch (JsonException)
        {
            return new Told<T>(name, url, null, "it is no Mjolnir server of this version");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Told<T>(name, url, null, $"no answer within {_http.Timeout.TotalSeconds:0} s");
        }
    }
}
