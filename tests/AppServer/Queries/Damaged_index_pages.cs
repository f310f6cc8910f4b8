using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Tests.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.AppServer.Tests.Queries;

public sealed class Damaged_index_pages
{
    private static readonly TableIndexes Declared = new([new("byN", [new("n", IndexedKind.Number)], null, [], false)], [], null);

    [Fact]
    public async Task Refuse_the_question_with_an_alarm_and_the_server_goes_on()
    {
        var heads = new IndexHeads();
        heads.Raise(new IndexHead("r", Declared.Declared, 1, 1, [], [new TreeRoot(new PageId(1, 1))]));
        await using var cluster = new ProtocolCluster { Queries = new IndexQueries(new IndexAnswers(new DamagedPages(), heads, static _ => "", static _ => { }, TimeProvider.System), new NothingElsewhere(static () => [])) };
        await cluster.StartAsync();

        var asked = await AskAsync(cluster.A);
        var again = await AskAsync(cluster.A);

        Assert.Equal((TransactionStatus.Unavailable, TransactionStatus.Unavailable), (asked, again));
        Assert.All(cluster.Alarms, alarm => Assert.Equal((ViolationKind.DamagedData, "indexes of table r", "Damaged index page: its checksum is wrong"), (alarm.Kind, alarm.Part, alarm.What)));
        Assert.Equal(2, cluster.Alarms.Count);
        Assert.Equal(TransactionStatus.Committed, await ProtocolCluster.Set(cluster.A, "x", 1));
        Assert.False(cluster.A.Failed.IsCompleted);
    }

    private static Task<TransactionStatus> AskAsync(TransactionServer server)
    {
        Assert.True(TableQuery.TryBind("t", "r", Declared, new QueryTerms([], null, null, false), out var query));
        return server.RunBuiltInAsync((rows, _) => rows.TryAsk(query.Rows([], 5, false), out var _), CancellationToken.None).AsTask();
    }

    private sealed class DamagedPages : IIndexPages
    {
        public PageReaders Readers { get; } = new();

        public ValueTask<IndexPage?> ReadAsync(string table, PageId page, CancellationToken cancellationToken) =>
            ValueTask.FromException<IndexPage?>(new CorruptDataException("Damaged index page: its checksum is wrong"));

        public ValueTask<IndexHead?> ReadHeadAsync(string table, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask PutAsync(string table, IReadOnlyList<KeyValuePair<PageId, IndexPage>> pages, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IndexHead> RaiseHeadAsync(IndexHead head, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DeleteAsync(string table, IReadOnlyList<PageId> pages, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask ForgetAsync(string table, IReadOnlyList<PageId> pages, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
