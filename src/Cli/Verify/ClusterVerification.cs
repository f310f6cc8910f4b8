using System.Net.Http.Headers;
using System.Text.Json;
using Mjolnir.Cli.Roles;
using Mjolnir.Cli.Status;
using Mjolnir.Cli.Transfer;
using Mjolnir.Indexer.Verifying;
using Spectre.Console;

namespace Mjolnir.Cli.Verify;

/// <summary>Has each indexer of a running cluster recompute its indexes from the rows and compare, one after another, the first one the holders of unique values too, and shows how far they are and what they found.</summary>
internal static class ClusterVerification
{
    /// <summary>0 if everything is as the rows say, 1 if something is not.</summary>
    /// <exception cref="FailureException">nobody answers, or one cannot finish</exception>
    public static async Task<int> RunAsync(ClusterPlace cluster, CancellationToken cancellationToken)
    {
        var indexers = await IndexersAsync(cluster, cancellationToken);
        var console = Terminal.Create(Console.Out, Console.IsOutputRedirected);
        if (indexers.Count == 0)
        {
            console.WriteLine("no indexer is heard: the application declares no indexes, or none runs");
            return ExitCodes.Failed;
        }

        // How long it takes is for the rows to say; how long it may be silent is not.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", cluster.Token);
        var isRight = true;
        foreach (var (name, url) in indexers)
        {
            var progress = new TransferProgress();
            var tables = await TransferScreen.FollowAsync(console, Console.IsOutputRedirected, progress, VerifyAsync(http, name, url, name == indexers[0].Name, CliLimits.VerifySilence, progress, cancellationToken));
            tables.ForEach(table => VerifiedText.Write(console, $"{table.Table} at {name}", table));
            isRight &= tables.TrueForAll(static table => table.Differences == 0);
        }

        return isRight ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<List<(string Name, string Url)>> IndexersAsync(ClusterPlace cluster, CancellationToken cancellationToken)
    {
        using var source = new ClusterStatusSource(cluster);
        var status = await source.LookAsync(cancellationToken);
        return status.Newest is { } newest
            ? [.. newest.Indexers.Select(static indexer => (indexer.Name, indexer.Url)).Distinct().OrderBy(static indexer => indexer.Name, StringComparer.Ordinal)]
            : throw new FailureException("no app server of the cluster answers", "Is it running? mjolnir status tells more.");
    }

    /// <summary>What one indexer tells of all tables.</summary>
    /// <exception cref="FailureException">it cannot finish, does not answer, or tells nothing for so long</exception>
    internal static async Task<List<VerifiedTable>> VerifyAsync(HttpClient http, string name, string url, bool withUnique, TimeSpan silence, TransferProgress progress, CancellationToken cancellationToken)
    {
        progress.Begin($"indexer {name}", 0);
        var tables = new List<VerifiedTable>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(silence);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(url), IndexerHttp.Verifications + (withUnique ? RunningVerification.WithUnique : "")));
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw new FailureException($"indexer {name} answered {(int)response.StatusCode}", "Is it of this version, and the token that of this cluster?");
            }

            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(patience.Token));
            while (await lines.ReadLineAsync(patience.Token) is { } text)
            {
                patience.CancelAfter(silence);
                var line = JsonSerializer.Deserialize(text, VerificationJson.Default.VerificationLine)!;
                if (line.IsDone)
                {
                    return tables;
                }

                Take(line, name, tables, progress);
            }
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException($"indexer {name} has told nothing for {silence.TotalSeconds:0.#} s", "It stands still, or its machine has no time for it: mjolnir status tells.", fault);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            throw new FailureException($"indexer {name} does not answer any more", "It may have been started again: verify again.", fault);
        }

        throw new FailureException($"indexer {name} ended before its verification did", "Verify again when it is back: mjolnir status tells.");
    }

    private static void Take(VerificationLine line, string name, List<VerifiedTable> tables, TransferProgress progress)
    {
        if (line.Problem is { } problem)
        {
            throw new FailureException($"indexer {name} could not finish: {problem}", "Verify again.");
        }

        if (line.Found is { } found)
        {
            tables.Add(found);
        }
        else if (line.Table is { } table)
        {
            (progress.What, progress.Total, progress.Done) = ($"rows of {table} at {name}", line.Rows, line.Read);
        }
    }
}
