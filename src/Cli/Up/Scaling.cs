using System.Net.Http.Headers;
using System.Net.Http.Json;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Services;

namespace Mjolnir.Cli.Up;

/// <summary>
/// More or fewer V-stacks while everything runs. A new one joins by its beats and has joined when all servers know slots of its shard; one that leaves is asked to, gives its slots away,
/// and ends by itself. One at a time: each is a view of its own, and the servers stay ready throughout.
/// </summary>
internal sealed class Scaling(UpCluster cluster, UpFolder folder, TimeProvider time, Action<IReadOnlyList<VStackServices>> changed)
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <param name="wanted">how many V-stacks there shall be</param>
    /// <param name="progress">called with each step, in plain words</param>
    /// <param name="cancellationToken">stops between two steps</param>
    /// <exception cref="FailureException">another scale is under way, or a step failed; the V-stacks that were reached stay</exception>
    public async Task ToAsync(int wanted, Action<string> progress, CancellationToken cancellationToken)
    {
        if (wanted is < 1 or > CliLimits.MaxStacks)
        {
            throw new FailureException($"there can be from 1 to {CliLimits.MaxStacks} V-stacks, not {wanted}");
        }

        if (!await _one.WaitAsync(0, cancellationToken))
        {
            throw new FailureException("another scale is under way", "Wait until it has ended; mjolnir status shows the view.");
        }

        try
        {
            using var http = Client();
            using var patience = new CancellationTokenSource(UpLimits.ScalePatience, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            await StepsAsync(http, wanted, progress, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException($"it did not end within {UpLimits.ScalePatience.TotalMinutes:0} min", "mjolnir status shows what is waited for: often a backlog that is still being stored. Ask again with the same number to go on.");
        }
        catch (ServiceFailedException fault)
        {
            throw new FailureException(fault.Message, $"There are {cluster.Stacks.Count} V-stacks now.", fault);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task StepsAsync(HttpClient http, int wanted, Action<string> progress, CancellationToken cancellationToken)
    {
        while (cluster.Stacks.Count < wanted)
        {
            await JoinAsync(http, progress, cancellationToken);
        }

        while (cluster.Stacks.Count > wanted)
        {
            await LeaveAsync(http, cluster.Stacks[^1], progress, cancellationToken);
        }

        progress($"{wanted} V-stacks");
    }

    private async Task JoinAsync(HttpClient http, Action<string> progress, CancellationToken cancellationToken)
    {
        var name = $"s{cluster.Stacks.Count + 1}";
        progress($"{name} starts");
        try
        {
            await cluster.AddStackAsync(name, cancellationToken);
        }
        catch
        {
            await cluster.RemoveStackAsync(cluster.Stacks.First(stack => stack.Name == name));
            throw;
        }

        changed(cluster.Stacks);
        progress($"{name} is ready; waiting until its shard has slots in an active view");
        await UntilAsync(http, cluster.Stacks, picture => picture.Has(name), progress, cancellationToken);
        progress($"{name} has joined");
    }

    private async Task LeaveAsync(HttpClient http, VStackServices stack, Action<string> progress, CancellationToken cancellationToken)
    {
        progress($"{stack.Name} is asked to leave");
        await AskToLeaveAsync(http, stack, cancellationToken);
        stack.Server.LetEnd();
        await UntilAsync(http, [.. cluster.Stacks.Where(each => each != stack)], picture => !picture.Has(stack.Name), progress, cancellationToken);
        progress($"{stack.Name} has given its slots away; its processes end");
        if (await Task.WhenAny(stack.Server.Ended, Task.Delay(UpLimits.LeaveEnd, time, cancellationToken)) != stack.Server.Ended)
        {
            // Nothing depends on it any more, so this costs nothing but the wait.
            progress($"{stack.Name} has not ended by itself within {UpLimits.LeaveEnd.TotalSeconds:0} s: it is ended");
        }

        await cluster.RemoveStackAsync(stack);
        changed(cluster.Stacks);
    }

    private static async Task AskToLeaveAsync(HttpClient http, VStackServices stack, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.PostAsync(new Uri(new Uri(stack.Url), "/_mjolnir/leave"), null, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                throw new FailureException($"{stack.Name} does not leave: it answered {(int)answer.StatusCode}");
            }
        }
        catch (HttpRequestException fault)
        {
            throw new FailureException($"{stack.Name} cannot be asked to leave: nobody answers at {stack.Url}", "It is being started again; try once more in some seconds.", fault);
        }
    }

    /// <summary>Until every server that is up sees the cluster so, in a view that is active.</summary>
    private async Task UntilAsync(HttpClient http, IReadOnlyList<VStackServices> stacks, Func<ClusterPicture, bool> asWanted, Action<string> progress, CancellationToken cancellationToken)
    {
        var told = "";
        while (true)
        {
            var pictures = await Task.WhenAll(stacks.Select(stack => PictureAsync(http, stack, cancellationToken)));
            if (pictures.All(picture => picture is { IsActive: true } && asWanted(picture)))
            {
                return;
            }

            var text = string.Join(", ", stacks.Zip(pictures, (stack, picture) => $"{stack.Name} {(picture is null ? "does not answer" : $"in view {picture.View}{(picture.IsActive ? "" : " (opening)")}")}"));
            if (text != told)
            {
                progress(told = text);
            }

            await Task.Delay(UpLimits.Poll, time, cancellationToken);
        }
    }

    private static async Task<ClusterPicture?> PictureAsync(HttpClient http, VStackServices stack, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(new Uri(stack.Url), "/_mjolnir/status"), cancellationToken);
            if (!answer.IsSuccessStatusCode || await answer.Content.ReadFromJsonAsync(Status.StatusJson.Default.StatusFigures, cancellationToken) is not { Cluster: { } figures })
            {
                return null;
            }

            return new ClusterPicture(figures.View, figures.ActiveView >= figures.View, figures.Shards.Where(shard => shard.Slots > 0).Select(shard => shard.Name).ToHashSet());
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private HttpClient Client()
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = UpLimits.Answer };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", SecretsFile.LoadOrCreate(folder.Secrets, time).StatusToken);
        return http;
    }

    /// <summary>How one server sees the cluster.</summary>
    private sealed record ClusterPicture(long View, bool IsActive, IReadOnlySet<string> Shards)
    {
        public bool Has(string shard) => Shards.Contains(shard);
    }
}
