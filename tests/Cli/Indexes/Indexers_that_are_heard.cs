using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Queries;
using Mjolnir.Cli.Roles;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>An app server asks the indexers that it hears of; these are made up.</summary>
public sealed class Indexers_that_are_heard : IAsyncLifetime
{
    private const string Token = "the cluster's";

    private static readonly TableIndexes Declared = new([new("byN", [new("n", IndexedKind.Number)], null, [], false)], [], null);
    private static readonly Stamp[] Wanted = [new("s1.1", 3)];

    private readonly InProcessClusterBus _bus = new();
    private readonly ClusterIndexes _indexes;
    private readonly Dictionary<string, WebApplication> _indexers = [];
    private readonly List<RowKey> _changed = [];

    public Indexers_that_are_heard()
    {
        _indexes = new ClusterIndexes("s1", Token, _bus, TimeProvider.System);
        _indexes.Queries = new IndexQueries(_indexes, new NothingElsewhere(static () => []));
    }

    public async Task InitializeAsync()
    {
        foreach (var name in (string[])["s1", "s2"])
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            app.MapPost(IndexerHttp.Questions, context => AnswerAsync(context, name));
            await app.StartAsync();
            _indexers[name] = app;
        }
    }

    public async Task DisposeAsync()
    {
        _indexes.Dispose();
        foreach (var app in _indexers.Values)
        {
            await app.DisposeAsync();
        }
    }

    [Fact]
    public async Task Are_asked_beside_the_server_first_and_elsewhere_when_that_one_does_not_answer()
    {
        Beat("s2");
        Assert.Equal("s2", await AskedAsync());
        Beat("s1");
        Assert.Equal("s1", await AskedAsync());

        // Killed: its beat was heard just now.
        await _indexers["s1"].StopAsync();
        Assert.Equal("s2", await AskedAsync());
    }

    [Fact]
    public async Task Are_not_asked_while_they_build_or_serve_another_version()
    {
        Beat("s1", isThere: false);
        Beat("s2");
        Assert.Equal("s2", await AskedAsync());

        Beat("s2", declared: 1);
        var refused = _indexes.AnswerAsync(Question(), Wanted, default).AsTask();
        for (; !refused.IsCompleted; await Task.Delay(100))
        {
            Beat("s1", isThere: false, progress: "42 %");
        }

        Assert.Equal("The indexes of table 't' are being built: 42 %.", (await refused).Refusal);

        // A question that came too early is answered as soon as somebody can.
        var asked = AskedAsync();
        Beat("s1");
        Assert.Equal("s1", await asked);
    }

    [Fact]
    public async Task Are_missed_in_plain_words()
    {
        Assert.Equal("The indexes of table 't' are being built: no indexer is heard.", (await _indexes.AnswerAsync(Question(), Wanted, default)).Refusal);

        Beat("s1");
        await _indexers["s1"].StopAsync();
        Assert.StartsWith("The indexes of table 't' cannot be asked just now (indexer s1: ", (await _indexes.AnswerAsync(Question(), Wanted, default)).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Tell_of_their_steps_and_only_the_one_that_would_be_asked_counts()
    {
        using var watching = _indexes.Queries!.Subscribe(_changed.AddRange);
        Beat("s2");
        Assert.Equal(1, Changes()); // nobody was there before

        _bus.Tell(new IndexStep("s2", "app", ["t"]));
        Assert.Equal(1, Changes());
        Beat("s1");
        Assert.Equal(1, Changes()); // what it has may be newer

        _bus.Tell(new IndexStep("s2", "app", ["t"]));
        Assert.Equal(0, Changes());
        _bus.Tell(new IndexStep("s1", "app", ["t"]));
        Assert.Equal(1, Changes());
    }

    [Fact]
    public void Hold_a_batch_once_each_of_them_says_so()
    {
        // What was heard stays heard just now, however busy the machine is.
        using var indexes = new ClusterIndexes("s1", Token, _bus, new StandingTime());
        Assert.False(indexes.IsSettled(new Stamp("s1.1", 1)));

        Beat("s1", applied: 5);
        Assert.True(indexes.IsSettled(new Stamp("s1.1", 5)));
        Assert.False(indexes.IsSettled(new Stamp("s1.1", 6)));
        Assert.False(indexes.IsSettled(new Stamp("s9.1", 1)));

        Beat("s2", applied: 4);
        Assert.False(indexes.IsSettled(new Stamp("s1.1", 5)));
        Assert.True(indexes.IsSettled(new Stamp("s1.1", 4)));
    }

    private static async Task AnswerAsync(HttpContext context, string name)
    {
        Assert.Equal($"Bearer {Token}", context.Request.Headers.Authorization);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var (question, wanted) = QuestionCodec.Decode(body.ToArray());
        Assert.Equal(Question(), question);
        Assert.Equal(Wanted, wanted);
        await context.Response.Body.WriteAsync(AnswerCodec.Encode(new IndexAnswer { Found = [new FoundPlace([1], name)] }));
    }

    private static IndexQuestion Question()
    {
        Assert.True(TableQuery.TryBind("app", "t", Declared, new QueryTerms([], null, null, false), out var query));
        return query.Rows([], 5, isFresh: false);
    }

    private async Task<string> AskedAsync()
    {
        var answer = await _indexes.AnswerAsync(Question(), Wanted, default);
        Assert.Null(answer.Refusal);
        return answer.Found.Single().PrimaryKey;
    }

    private int Changes()
    {
        var changes = _changed.Count(key => key == IndexQueries.KeyOf("app", "t"));
        _changed.Clear();
        return changes;
    }

    private void Beat(string name, bool isThere = true, ulong? declared = null, string progress = "100 %", long applied = 0) => _bus.Tell(new IndexerBeat(
        name,
        $"run of {name}",
        _indexers.TryGetValue(name, out var app) ? app.Urls.First() : "http://127.0.0.1:1",
        "app",
        [new IndexedTable("t", declared ?? Declared.Declared, isThere ? "following" : "building", 0, 0, 0, isThere, progress)],
        [new Stamp("s1.1", applied)]));

    private sealed class StandingTime : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }
}
