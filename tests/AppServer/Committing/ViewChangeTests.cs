using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Batches;
using Mjolnir.Storage.Shards;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Changing the view of running servers (docs/design/protocol.md): slots that move, logs that must say so, and what is under way when it happens.</summary>
public sealed class ViewChangeTests
{
    [Fact]
    public async Task Slots_that_did_not_move_are_served_while_the_view_is_not_open()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (moved, stays) = (cluster.NameOn("A", "x"), cluster.NameOn("B", "y"));
        await Set(cluster.A, moved, 1);
        await Set(cluster.A, stays, 1);
        var view = cluster.Move("B", moved);
        await Task.WhenAll(cluster.A.CrossAsync(view), cluster.B.CrossAsync(view));

        var waits = Add(cluster.A, moved, 10);
        var both = Run(cluster.B, [moved, stays], values => [(stays, values[0] + values[1])]);
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, stays, 1));
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.B, stays, 1));
        Assert.Equal(3, await Read(cluster.A, stays));
        Assert.False(waits.IsCompleted);
        Assert.False(both.IsCompleted);
        await cluster.OpenAsync(view);
        cluster.Activate(view);

        Assert.Equal(TransactionStatus.Committed, await waits);
        Assert.Equal(TransactionStatus.Committed, await both);
        Assert.Equal(11, await Read(cluster.B, moved));
        Assert.Equal([1, 2], cluster.Logs.VersionsOf(Key(moved)));
    }

    [Fact]
    public async Task Who_waits_for_a_moved_slot_longer_than_its_patience_is_told_to_try_later()
    {
        await using var cluster = await ViewCluster.StartAsync(new CommitterLimits { TransactionPatience = TimeSpan.FromMilliseconds(300) }, static () => new ExactlyOnceTests.Adder());
        await cluster.A.CrossAsync(cluster.Move("A", "total"));
        await cluster.A.CrossAsync(cluster.Move("B", "total"));

        var answer = await ExactlyOnceTests.Add(cluster.A, null, "id", 1);

        Assert.Equal((TransactionStatus.Unavailable, 1), (answer.Status, answer.RetryAfterSeconds));
    }

    [Fact]
    public async Task Rows_of_slots_that_did_not_move_stay_remembered_and_those_that_moved_do_not()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (moved, stays) = (cluster.NameOn("A", "x"), cluster.NameOn("A", "y"));
        await Set(cluster.A, moved, 1);
        await Set(cluster.A, stays, 1);
        await cluster.ChangeAsync(cluster.Move("B", moved));
        var (before, after) = (cluster.Connection("A", "A"), cluster.Connection("A", "B"));
        before.Seen.Clear();
        after.Seen.Clear();

        await Add(cluster.A, stays, 1);
        await Add(cluster.A, moved, 1);

        Assert.Equal([(ShardVerb.CompareAndSet, $"1:{Key(stays).Text}")], before.Seen);
        Assert.Contains((ShardVerb.GetOrLease, $"2:{Key(moved).Text}"), after.Seen);
    }

    [Fact]
    public async Task A_batch_under_way_is_in_the_log_before_the_marker_and_what_is_open_behind_it()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (moved, stays) = (cluster.NameOn("A", "x"), cluster.NameOn("A", "y"));
        var publish = new PublishGate();
        cluster.Logs.Decide = publish.Decide;
        var first = Set(cluster.A, moved, 1);
        await publish.Reached;
        var second = Add(cluster.A, stays, 1);
        var third = Add(cluster.A, moved, 10);
        var view = cluster.Move("B", moved);
        var crossing = cluster.A.CrossAsync(view);
        await Turn(cluster.A);
        Assert.False(crossing.IsCompleted);
        publish.Release();
        await crossing;
        Assert.Equal(TransactionStatus.Committed, await second);
        await cluster.B.CrossAsync(view);
        await cluster.OpenAsync(view);
        cluster.Activate(view);

        Assert.Equal(TransactionStatus.Committed, await first);
        Assert.Equal(TransactionStatus.Committed, await third);
        Assert.Equal(11, await Read(cluster.B, moved));
        var kinds = cluster.Logs.Logs["A.1"].Where(batch => batch.Kind == BatchKind.View || batch.Records.Count > 0).Select(batch => (batch.Kind, batch.View));
        Assert.Equal([(BatchKind.View, 1), (BatchKind.Records, 1), (BatchKind.View, 2), (BatchKind.Records, 2), (BatchKind.Records, 2)], kinds);
    }

    [Fact]
    public async Task V6_a_slot_that_moved_away_and_back_does_not_show_what_a_zombie_left_there()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        Assert.Equal(1, await Read(cluster.B, x));
        var publish = new PublishGate("B");
        cluster.Logs.Decide = publish.Decide;
        var zombie = Add(cluster.B, x, 100);
        await publish.Reached;

        // B does not hear of it: its log is sealed, and the slot goes to B's shard and comes back.
        var away = cluster.Move("B", x);
        await cluster.A.CrossAsync(away);
        await cluster.SealAsync("B.1");
        await cluster.OpenAsync(away);
        cluster.Activate(away, "A");
        await Add(cluster.A, x, 1);
        var back = cluster.Move("A", x);
        await cluster.A.CrossAsync(back);
        await cluster.OpenAsync(back);
        cluster.Activate(back, "A");

        Assert.Equal(2, await Read(cluster.A, x));
        await Add(cluster.A, x, 1);
        publish.Release();
        Assert.Equal(TransactionStatus.Committed, await zombie);
        Assert.Equal(103, await Read(cluster.A, x));
        Assert.Equal([1, 2, 3, 4], cluster.Logs.VersionsOf(Key(x)));
        Assert.Equal(3, cluster.B.View.Number);
    }

    [Fact]
    public async Task V8_a_view_that_was_never_opened_is_skipped_and_its_slots_wait_for_the_next()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        var never = cluster.Move("B", x);
        await cluster.A.CrossAsync(never);
        var waits = Add(cluster.A, x, 10);
        var next = cluster.Relabel("B");
        await Task.WhenAll(cluster.A.CrossAsync(next), cluster.B.CrossAsync(next));
        Assert.False(waits.IsCompleted);
        await cluster.OpenAsync(next);
        cluster.Activate(next);

        Assert.Equal(TransactionStatus.Committed, await waits);
        Assert.Equal(11, await Read(cluster.B, x));
        Assert.Equal((3, 3), (cluster.A.View.Number, cluster.B.View.Number));
    }

    [Fact]
    public async Task V11_a_log_that_was_sealed_before_its_first_message_is_left_for_another_one()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var x = cluster.NameOn("A", "x");
        cluster.Logs.Opened = async log =>
        {
            if (log == "A.2")
            {
                await cluster.Logs.SealAsync(log);
            }
        };
        await cluster.Logs.SealAsync("A.1");

        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, x, 1));
        Assert.Empty(cluster.Logs.Logs["A.2"]);
        Assert.Equal("A.3", cluster.A.Log);
    }

    [Fact]
    public async Task V12_the_first_message_of_a_log_is_the_view_that_is_newest_after_it_was_registered()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (moved, stays) = (cluster.NameOn("A", "x"), cluster.NameOn("A", "y"));
        await Set(cluster.A, moved, 1);
        cluster.Logs.Opened = log =>
        {
            if (log == "A.2")
            {
                // Who made this view has listed the logs before: he waits for no marker of this one.
                cluster.Move("B", moved);
            }

            return Task.CompletedTask;
        };
        await cluster.Logs.SealAsync("A.1");
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, stays, 1));
        await cluster.B.CrossAsync(cluster.View);
        await cluster.OpenAsync(cluster.View);
        cluster.Activate(cluster.View);

        Assert.Equal((BatchKind.View, 2), (cluster.Logs.Logs["A.2"][0].Kind, cluster.Logs.Logs["A.2"][0].View));
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, moved, 1));
        Assert.Equal(2, await Read(cluster.B, moved));
    }

    [Fact]
    public async Task W8_with_an_undo_that_cannot_be_settled_the_server_seals_itself_instead_of_crossing()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (x, r) = (cluster.NameOn("A", "x"), cluster.NameOn("B", "r"));
        await Set(cluster.A, x, 1);
        await Set(cluster.A, r, 1);
        var shard = cluster.Connection("A", "A");
        var validation = cluster.Connection("A", "B").HoldNext(operation => operation.CacheKey == $"1:{Key(r).Text}");
        var undone = Run(cluster.A, [x, r], values => [(x, 100 + values[1])]);
        await validation.Reached.Task;
        await Set(cluster.B, r, 2);
        var view = cluster.Move("B", x);
        var crossing = cluster.A.CrossAsync(view);

        // x bears the value that must be undone, and its shard cannot be reached.
        shard.IsDown = true;
        validation.Release();
        await crossing;

        Assert.DoesNotContain(cluster.Logs.Logs["A.1"], batch => batch.View == 2);
        Assert.True(cluster.Logs.IsSealed("A.1"));
        Assert.Equal((BatchKind.View, 2), (cluster.Logs.Logs["A.2"][0].Kind, cluster.Logs.Logs["A.2"][0].View));
        await cluster.B.CrossAsync(view);
        await cluster.OpenAsync(view);
        cluster.Activate(view);
        Assert.Equal(TransactionStatus.Committed, await undone);
        Assert.Equal(102, await Read(cluster.B, x));
        Assert.Equal([1, 2], cluster.Logs.VersionsOf(Key(x)));
    }

    [Fact]
    public async Task A_reader_under_way_starts_again_and_does_not_answer_from_the_shard_that_lost_the_slot()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        var check = cluster.Connection("A", "A").HoldNext(operation => operation.Verb == ShardVerb.Get && operation.CacheKey == $"1:{Key(x).Text}");
        var read = Read(cluster.A, x);
        await check.Reached.Task;
        await cluster.ChangeAsync(cluster.Move("B", x));
        await Set(cluster.B, x, 2);
        check.Release();

        Assert.Equal(2, await read);
    }

    [Fact]
    public async Task A_load_under_way_puts_nothing_into_the_row_that_lives_elsewhere_now()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var x = cluster.NameOn("A", "x");
        await Set(cluster.B, x, 1);
        var load = cluster.Connection("A", "A").HoldNext(operation => operation.Verb == ShardVerb.GetOrLease);
        var first = Add(cluster.A, x, 10);
        await load.Reached.Task;
        await cluster.ChangeAsync(cluster.Move("B", x));
        await first.WaitAsync(TimeSpan.FromSeconds(60));
        var old = cluster.Connection("A", "A");
        var passes = old.Seen.Count;
        load.Release();
        while (old.Seen.Count == passes)
        {
            await Turn(cluster.A);
        }

        await Turn(cluster.A);
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, x, 1));
        Assert.Equal(12, await Read(cluster.B, x));
        Assert.Equal([1, 2, 3], cluster.Logs.VersionsOf(Key(x)));
        Assert.Equal(0, cluster.A.Counters.Conflicts);
    }

    [Fact]
    public async Task A_server_that_does_not_cross_is_sealed_and_answers_nothing_from_the_shard_that_lost_the_slot()
    {
        await using var cluster = await ViewCluster.StartAsync(new CommitterLimits { LogLease = TimeSpan.FromMilliseconds(500) });
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        Assert.Equal(1, await Read(cluster.B, x));
        var view = cluster.Move("B", x);
        await cluster.A.CrossAsync(view);
        await cluster.SealAsync("B.1");
        await cluster.OpenAsync(view);
        cluster.Activate(view, "A");
        await Set(cluster.A, x, 2);

        Assert.Equal(2, await Read(cluster.B, x));
        Assert.Equal((2, "B.2"), (cluster.B.View.Number, cluster.B.Log));
    }

    [Fact]
    public async Task A_server_that_learns_of_an_open_view_by_its_new_log_reads_the_store_as_of_then()
    {
        await using var cluster = await ViewCluster.StartAsync(new CommitterLimits { LogLease = TimeSpan.FromMilliseconds(500) });
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        var view = cluster.Move("B", x);
        await cluster.A.CrossAsync(view);
        await cluster.SealAsync("B.1");
        await cluster.OpenAsync(view);

        Assert.Equal(TransactionStatus.Committed, await Add(cluster.B, x, 1));
        Assert.Equal([1, 2], cluster.Logs.VersionsOf(Key(x)));
    }

    [Fact]
    public async Task Several_views_may_be_skipped_and_older_ones_are_no_news()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        var two = cluster.Move("B", x);
        var three = cluster.Move("A", x);
        var four = cluster.Move("B", x);
        await Task.WhenAll(cluster.A.CrossAsync(four), cluster.A.CrossAsync(two), cluster.A.CrossAsync(three), cluster.B.CrossAsync(four));
        await cluster.A.CrossAsync(two);
        await cluster.OpenAsync(four);
        cluster.Activate(four);

        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, x, 1));
        Assert.Equal(2, await Read(cluster.B, x));
        Assert.Equal([1, 4], cluster.Logs.Logs["A.1"].Where(batch => batch.Kind == BatchKind.View).Select(batch => batch.View));
    }

    [Theory]
    [InlineData(PublishFate.UnknownButIn)]
    [InlineData(PublishFate.UnknownAndOut)]
    [InlineData(PublishFate.Refuse)]
    public async Task A_marker_that_is_not_confirmed_ends_in_the_view_all_the_same(object fate)
    {
        await using var cluster = await ViewCluster.StartAsync();
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        var once = true;
        cluster.Logs.DecideMarker = batch =>
        {
            var now = once && batch.Log == "A.1" ? (PublishFate)fate : PublishFate.Confirm;
            once &= batch.Log != "A.1";
            return Task.FromResult(now);
        };

        await cluster.ChangeAsync(cluster.Move("B", x));

        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, x, 1));
        Assert.Equal(2, await Read(cluster.B, x));
        Assert.Equal((PublishFate)fate == PublishFate.Refuse ? "A.1" : "A.2", cluster.A.Log);
    }

    [Fact]
    public async Task V15_an_id_commits_once_though_its_outcome_has_moved()
    {
        await using var cluster = await ViewCluster.StartAsync(null, static () => new ExactlyOnceTests.Adder());
        Assert.Equal("committed 5", ExactlyOnceTests.Text(await ExactlyOnceTests.Add(cluster.A, "alice", "id-1", 5)));
        foreach (var to in new[] { "A", "B", "A" })
        {
            var view = cluster.Move(to, "{alice}", "total");
            var during = ExactlyOnceTests.Add(cluster.B, "alice", "id-2", 7);
            await cluster.A.CrossAsync(view);
            var again = ExactlyOnceTests.Add(cluster.A, "alice", "id-1", 5);
            await cluster.B.CrossAsync(view);
            await cluster.OpenAsync(view);
            cluster.Activate(view);

            Assert.Equal("committed 5", ExactlyOnceTests.Text(await again));
            Assert.Equal("committed 12", ExactlyOnceTests.Text(await during));
        }

        Assert.Equal(12, await Read(cluster.A, "total"));
    }

    /// <summary>Waits until everything submitted to a server so far has had its turn.</summary>
    private static Task Turn(TransactionServer server) => Run(server, [], _ => []);
}
