using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Mjolnir.AppServer.Queries;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// The indexers of a cluster, as an app server hears of them, and the way to ask them. Each keeps the indexes of all tables, so any of them answers: the one of the own V-stack if it is there, else another. A question
/// changes nothing, so one that fails is asked elsewhere.
/// </summary>
internal sealed class ClusterIndexes : IIndexAnswers, IDisposable
{
    private readonly string _own;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly IDisposable _listening;
    private readonly ConcurrentDictionary<string, HeardIndexer> _heard = new(StringComparer.Ordinal);
    private TaskCompletionSource _news = New();
    private string? _preferred;

    /// <param name="own">the name of this V-stack</param>
    /// <param name="clusterToken">what the indexers know too</param>
    /// <param name="bus">where they are heard</param>
    /// <param name="time">clock and timers</param>
    public ClusterIndexes(string own, string clusterToken, IClusterBus bus, TimeProvider time)
    {
        (_own, _time) = (own, time);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = RoleLimits.IndexerConnect, MaxConnectionsPerServer = RoleLimits.QuestionsAtOnce })
        {
            Timeout = RoleLimits.IndexerAnswer,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", clusterToken);
        _listening = bus.Listen(Hear);
    }

    /// <summary>Told when indexes changed for who asks here.</summary>
    public IndexQueries? Queries { get; set; }

    /// <summary>What the indexers that were heard lately tell of themselves, by name.</summary>
    public IReadOnlyList<IndexerBeat> Heard => [.. _heard.Values.Where(IsLive).Select(heard => heard.Beat).OrderBy(beat => beat.Indexer, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public async ValueTask<IndexAnswer> AnswerAsync(IndexQuestion question, IReadOnlyList<Stamp> wanted, CancellationToken cancellationToken)
    {
        if (!await WaitForAnyAsync(question, cancellationToken))
        {
            return IndexAnswer.Refused($"The indexes of table '{question.Table}' are being built: {ProgressOf(question)}.");
        }

        var bytes = QuestionCodec.Encode(question, wanted);
        var problem = "";
        foreach (var indexer in Keeping(question))
        {
            try
            {
                return await AskAsync(indexer.Beat.Url, bytes, cancellationToken);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                problem = $"indexer {indexer.Beat.Indexer}: {(fault is OperationCanceledException ? "no answer in time" : fault.Message)}";
            }
        }

        return IndexAnswer.Refused($"The indexes of table '{question.Table}' cannot be asked just now ({problem}).");
    }

    /// <inheritdoc/>
    public bool IsSettled(Stamp stamp)
    {
        // Where nobody is heard, nobody knows.
        var live = _heard.Values.Where(IsLive).ToList();
        return live.Count > 0 && live.TrueForAll(heard => heard.Applied.GetValueOrDefault(stamp.Log) >= stamp.Batch);
    }

    public void Dispose()
    {
        _listening.Dispose();
        _http.Dispose();
    }

    private async Task<IndexAnswer> AskAsync(string url, byte[] question, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(question);
        using var answer = await _http.PostAsync(new Uri(new Uri(url), IndexerHttp.Questions), content, cancellationToken);
        return answer.IsSuccessStatusCode
            ? AnswerCodec.Decode(await answer.Content.ReadAsByteArrayAsync(cancellationToken))
            : throw new HttpRequestException($"it answered {(int)answer.StatusCode}");
    }

    /// <summary>Who keeps what is asked, the best to ask first: one that was heard lately before one that was not, the own one before others.</summary>
    private IEnumerable<HeardIndexer> Keeping(IndexQuestion question) =>
        InOrder(_heard.Values.Where(heard => heard.Beat.Tables.Any(table => table.IsThere && table.Table == question.Table && table.Declared == question.Declared)));

    private IEnumerable<HeardIndexer> InOrder(IEnumerable<HeardIndexer> some) =>
        some.OrderBy(heard => IsLive(heard) ? 0 : 1).ThenBy(heard => heard.Beat.Indexer == _own ? 0 : 1).ThenBy(heard => heard.Beat.Indexer, StringComparer.Ordinal);

    private async ValueTask<bool> WaitForAnyAsync(IndexQuestion question, CancellationToken cancellationToken)
    {
        for (var began = _time.GetTimestamp(); ;)
        {
            // Taken before the look: a beat that comes in between ends the wait.
            var news = Volatile.Read(ref _news).Task;
            if (Keeping(question).Any())
            {
                return true;
            }

            var left = AnswerLimits.Fresh - _time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            await Task.WhenAny(news, Task.Delay(left, _time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private string ProgressOf(IndexQuestion question)
    {
        var told = Heard.SelectMany(beat => beat.Tables.Where(table => table.Table == question.Table).Select(table => (beat.Indexer, Table: table))).ToList();
        return told.Count == 0 ? "no indexer is heard"
            : told.Where(each => each.Table.Declared == question.Declared).OrderByDescending(each => each.Table.Percent).Select(each => each.Table.Progress).FirstOrDefault()
            ?? $"indexer {told[0].Indexer} serves another version of the application";
    }

    private bool IsLive(HeardIndexer heard) => _time.GetElapsedTime(heard.At) < ClusterLimits.BeatPatience;

    private void Hear(ClusterNotice notice)
    {
        switch (notice)
        {
            case IndexerBeat beat when Uri.TryCreate(beat.Url, UriKind.Absolute, out _):
                Take(beat);
                break;
            case IndexStep step when step.Indexer == _preferred:
                Tell(step.App, step.Tables);
                break;
        }
    }

    private void Take(IndexerBeat beat)
    {
        var applied = _heard.TryGetValue(beat.Indexer, out var before) && before.Beat.Run == beat.Run ? before.Applied : new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        foreach (var stamp in beat.Applied)
        {
            applied[stamp.Log] = stamp.Batch;
        }

        _heard[beat.Indexer] = new HeardIndexer(beat, _time.GetTimestamp(), applied);
        Interlocked.Exchange(ref _news, New()).SetResult();

        // What another one tells may be newer or older than what was shown.
        if (InOrder(_heard.Values.Where(heard => heard.Beat.Tables.All(table => table.IsThere))).FirstOrDefault()?.Beat is { } preferred && preferred.Indexer != _preferred)
        {
            _preferred = preferred.Indexer;
            Tell(preferred.App, [.. preferred.Tables.Select(table => table.Table)]);
        }
    }

    private void Tell(string app, IReadOnlyList<string> tables)
    {
        foreach (var table in tables)
        {
            Queries?.Changed(app, table);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An indexer that was heard.</summary>
    /// <param name="Beat">what it told last</param>
    /// <param name="At">when</param>
    /// <param name="Applied">per log the batch up to which it holds everything, by all its beats</param>
    private sealed record HeardIndexer(IndexerBeat Beat, long At, ConcurrentDictionary<string, long> Applied);
}
