using Mjolnir.AppServer.Queries;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.AppServer.Tests.Queries;

public sealed class Index_queries
{
    private static readonly TableIndexes Declared = new([new("byN", [new("n", IndexedKind.Number)], null, [], false)], [], null);
    private static readonly TableIndexes Others = new([new("byM", [new("m", IndexedKind.Number)], null, [], false)], [], null);

    private readonly EmbeddedIndexPages _pages = new();
    private readonly List<Stamp> _durable = [];
    private readonly List<Stamp> _late = [];
    private readonly IndexQueries _queries;
    private long _sequence;

    public Index_queries() => _queries = new IndexQueries(new IndexAnswers(_pages, _pages.Heads, table => $"42 % of {table}", _late.AddRange, TimeProvider.System), new NothingElsewhere(() => _durable)) { IsUsed = true };

    [Fact]
    public async Task Wait_for_what_their_own_user_wrote_in_every_log()
    {
        Raise(Declared, new Stamp("s1.1", 1));
        _queries.Wrote("alice", new Stamp("s1.1", 2));
        _queries.Wrote("alice", new Stamp("s2.1", 7));
        _queries.Wrote("alice", new Stamp("s2.1", 6)); // told late: it is the higher one that counts

        var asked = AskAsync("alice");
        Raise(Declared, new Stamp("s1.1", 2), new Stamp("s2.1", 6));
        Assert.False(asked.IsCompleted);
        Raise(Declared, new Stamp("s1.1", 2), new Stamp("s2.1", 7));

        Assert.False((await asked).IsBehind);
    }

    [Fact]
    public async Task Say_that_they_are_behind_when_that_takes_too_long_and_do_not_wait_for_others()
    {
        Raise(Declared, new Stamp("s1.1", 1));
        _queries.Wrote("alice", new Stamp("s1.1", 2));

        Assert.True(AskAsync("bob").IsCompletedSuccessfully);
        Assert.True((await AskAsync("alice")).IsBehind);
        Assert.Equal([new Stamp("s1.1", 2)], _late);
    }

    [Fact]
    public async Task Refuse_a_fresh_answer_that_cannot_be_had_and_give_one_that_can()
    {
        Raise(Declared, new Stamp("s1.1", 1));
        _durable.AddRange([new Stamp("s1.1", 2), new Stamp("s2.1", 0)]);

        var refused = await AskAsync("bob", isFresh: true);
        var asked = AskAsync("bob", isFresh: true);
        Raise(Declared, new Stamp("s1.1", 2));

        Assert.Equal("The indexes of table 't' are behind just now, and a fresh answer was asked for.", refused.Refusal);
        Assert.Null((await asked).Refusal);
    }

    [Fact]
    public async Task Read_no_trees_of_other_declarations_and_tell_how_far_their_own_are()
    {
        Raise(Others);

        var refused = await AskAsync("bob");
        var asked = AskAsync("bob");
        Raise(Declared);

        Assert.Equal("The indexes of table 't' are being built: 42 % of t.", refused.Refusal);
        Assert.Null((await asked).Refusal);
    }

    [Fact]
    public async Task Are_refused_when_pages_of_every_head_are_gone()
    {
        _pages.Heads.Raise(Head(Declared, new TreeRoot(new PageId(1, 1))));

        Assert.Equal("The indexes of table 't' change faster than they can be read.", (await AskAsync("bob")).Refusal);
    }

    [Fact]
    public void Forget_whose_writes_are_everywhere()
    {
        var settled = 0L;
        var writes = new SessionWrites(stamp => stamp.Batch <= settled);
        writes.Add("early", new Stamp("s1.1", 1));
        settled = 10;
        for (var i = 0; i < QueryLimits.UsersBetweenSweeps; i++)
        {
            writes.Add("busy", new Stamp("s1.1", 10 + i));
        }

        Assert.Empty(writes.Of("early"));
        Assert.Equal([new Stamp("s1.1", 9 + QueryLimits.UsersBetweenSweeps)], writes.Of("busy"));
    }

    [Fact]
    public void Tell_who_watches_a_table_that_its_indexes_changed_until_they_leave()
    {
        var heard = new List<RowKey>();
        var listening = _queries.Subscribe(heard.AddRange);

        _queries.Changed("app", "t");
        listening.Dispose();
        _queries.Changed("app", "t");

        Assert.Equal([IndexQueries.KeyOf("app", "t")], heard);
    }

    private Task<IndexAnswer> AskAsync(string user, bool isFresh = false)
    {
        Assert.True(TableQuery.TryBind("app", "t", Declared, new QueryTerms([], null, null, false), out var query));
        return _queries.AnswerAsync(query.Rows([], 5, isFresh), user, CancellationToken.None).AsTask();
    }

    private void Raise(TableIndexes declared, params Stamp[] applied) => _pages.Heads.Raise(Head(declared, TreeRoot.Empty, applied));

    private IndexHead Head(TableIndexes declared, TreeRoot root, params Stamp[] applied) => new("t", declared.Declared, 1, ++_sequence, applied, [root]);
}
