using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Shards;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Shards that lose their memory, refuse, or cannot be reached, and a log that cannot: the rows concerned wait, all others go on.</summary>
public sealed class ShardTroubleTests
{
    /// <summary>Far more than a server needs to give up a shard and get a new log.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_shard_without_memory_is_reported_once_and_its_rows_wait_for_the_next_view(bool restarted)
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (lost, other) = (cluster.NameOn("A", "x"), cluster.NameOn("B", "y"));
        await Set(cluster.A, lost, 1);
        await Set(cluster.A, other, 1);
        if (restarted)
        {
            cluster.Shard("A").Restart();
        }
        else
        {
            cluster.Shard("A").Flush();
        }

        var waiting = Enumerable.Range(0, 20).Select(_ => Add(cluster.A, lost, 1)).ToArray();
        while (cluster.Reports.IsEmpty)
        {
            await Add(cluster.A, other, 1);
        }

        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, other, 1));
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        Assert.Equal(["label-A-1"], cluster.Reports.Select(shard => shard.Label));
        await cluster.ChangeAsync(cluster.Relabel("A"));

        Assert.All(await Task.WhenAll(waiting), status => Assert.Equal(TransactionStatus.Committed, status));
        Assert.Equal(21, await Read(cluster.B, lost));
        var versions = cluster.Logs.VersionsOf(Key(lost));
        Assert.Equal(Enumerable.Range(1, versions.Count).Select(i => (long)i), versions);
    }

    [Fact]
    public async Task A_row_whose_segment_is_damaged_is_refused_and_told_by_name_and_all_others_go_on()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (damaged, beside) = (cluster.NameOn("A", "x"), cluster.NameOn("A", "y"));
        await Set(cluster.A, damaged, 1);
        await Set(cluster.A, beside, 1);
        cluster.Shard("A").Flush();
        await Add(cluster.A, beside, 1);
        await cluster.ChangeAsync(cluster.Relabel("A"));
        cluster.Damaged[Key(damaged)] = "logs/A.1/segments/1-9-w.gz";
        var written = cluster.Logs.VersionsOf(Key(damaged));

        Assert.Equal(TransactionStatus.Unavailable, await Add(cluster.A, damaged, 1));
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, beside, 1));
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.B, beside, 1));
        var told = cluster.Alarms.First();
        Assert.Equal((ViolationKind.DamagedData, $"row {Key(damaged)}"), (told.Kind, told.Part));
        Assert.Contains("logs/A.1/segments/1-9-w.gz at byte 77", told.What);
        Assert.Equal(written, cluster.Logs.VersionsOf(Key(damaged)));

        // Mended, it is there as it was.
        cluster.Damaged.Clear();
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, damaged, 5));
        Assert.Equal(6, await Read(cluster.B, damaged));
    }

    [Fact]
    public async Task A_log_that_cannot_be_opened_because_an_object_is_damaged_is_opened_once_that_is_mended()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var row = cluster.NameOn("A", "x");
        await Set(cluster.A, row, 1);
        var damaged = 1;
        cluster.Logs.Opened = _ => Interlocked.Exchange(ref damaged, 0) == 1 ? throw new CorruptDataException("The object is damaged", "registry/views/0000000001") : Task.CompletedTask;

        await cluster.SealAsync("A.1");
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, row, 1));

        Assert.Equal((ViolationKind.DamagedData, "the own log"), (cluster.Alarms.Single().Kind, cluster.Alarms.Single().Part));
        Assert.Equal(2, await Read(cluster.B, row));
    }

    [Fact]
    public async Task A_damaged_item_in_a_shard_is_refused_and_told_and_all_others_go_on()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (damaged, beside) = (cluster.NameOn("A", "x"), cluster.NameOn("A", "y"));
        await using var hand = cluster.Shard("A").Connect();
        await hand.RunAsync([new ShardOperation { Verb = ShardVerb.Add, CacheKey = $"1:{Key(damaged)}", Value = "no envelope"u8.ToArray() }], CancellationToken.None);

        Assert.Equal(TransactionStatus.Unavailable, await Add(cluster.A, damaged, 1));
        Assert.Equal(TransactionStatus.Committed, await Set(cluster.A, beside, 1));
        Assert.Equal((ViolationKind.DamagedData, $"row {Key(damaged)}"), (cluster.Alarms.First().Kind, cluster.Alarms.First().Part));
        Assert.Empty(cluster.Logs.VersionsOf(Key(damaged)));
    }

    [Fact]
    public async Task A_batch_whose_shard_lost_its_memory_under_way_is_settled_by_the_seal_of_its_own_log()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (lost, other) = (cluster.NameOn("A", "x"), cluster.NameOn("B", "y"));
        await Set(cluster.A, lost, 1);
        await Set(cluster.A, other, 1);
        var install = cluster.Connection("A", "A").HoldNext(operation => operation.Verb == ShardVerb.CompareAndSet);
        var both = Run(cluster.A, [lost, other], values => [(lost, values[0] + 1), (other, values[1] + 1)]);
        await install.Reached.Task;
        cluster.Shard("A").Restart();
        install.Release();
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, other, 10));
        Assert.False(both.IsCompleted);
        Assert.True(cluster.Logs.IsSealed("A.1"));
        await cluster.ChangeAsync(cluster.Relabel("A"));

        Assert.Equal(TransactionStatus.Committed, await both);
        Assert.Equal((2, 12), (await Read(cluster.B, lost), await Read(cluster.B, other)));
        Assert.Equal([1, 2], cluster.Logs.VersionsOf(Key(lost)));
    }

    [Fact]
    public async Task V9m_a_shard_that_refuses_for_memory_is_believed_by_nobody_until_the_next_view()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (grows, same, other) = (cluster.NameOn("A", "x"), cluster.NameOn("A", "y"), cluster.NameOn("B", "z"));
        await Set(cluster.A, grows, 1);
        await Set(cluster.A, same, 1);
        Refuse(cluster.Connection("A", "A"), grows, ShardStatus.Full);

        Assert.Equal(TransactionStatus.Unavailable, await Add(cluster.A, grows, 1));
        Assert.Equal(["A"], cluster.Reports.Select(shard => shard.Name));
        var waits = Add(cluster.A, same, 1);
        var believes = Add(cluster.B, cluster.NameOn("A", "new"), 1);
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, other, 1));
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.B, other, 1));
        Assert.False(waits.IsCompleted);
        Assert.False(believes.IsCompleted, "a miss on a shard that refused for memory");
        await cluster.ChangeAsync(cluster.Relabel("A"));

        Assert.Equal(TransactionStatus.Committed, await waits);
        Assert.Equal(TransactionStatus.Committed, await believes);
        Assert.Equal((1, 2), (await Read(cluster.B, grows), await Read(cluster.B, same)));
    }

    /// <summary>The refusal that took the row away was on a connection that ended: nobody heard of it, and the miss must not be taken for an answer (seed 3931 of the simulation).</summary>
    [Fact]
    public async Task V9m_a_row_that_is_gone_after_an_install_of_which_nobody_knows_is_missed()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var row = cluster.NameOn("A", "x");
        await Set(cluster.A, row, 1);
        var install = cluster.Connection("A", "A").HoldNext(operation => operation.Verb == ShardVerb.CompareAndSet);
        var add = Add(cluster.A, row, 1);
        await install.Reached.Task;
        await using var hand = cluster.Shard("A").Connect();
        var found = new ShardOperation { Verb = ShardVerb.Get, CacheKey = $"1:{Key(row)}" };
        await hand.RunAsync([found], CancellationToken.None);
        await hand.RunAsync([new ShardOperation { Verb = ShardVerb.CompareAndDelete, CacheKey = found.CacheKey, Token = found.Token }], CancellationToken.None);
        install.CutTheLine();
        while (cluster.Reports.IsEmpty && !add.IsCompleted)
        {
            await Task.Delay(5);
        }

        Assert.Equal(["A"], cluster.Reports.Select(shard => shard.Name));
        await cluster.ChangeAsync(cluster.Relabel("A"));
        await add;
        Assert.Equal([1, 2], cluster.Logs.VersionsOf(Key(row)));
        Assert.Equal(2, await Read(cluster.B, row));
    }

    [Fact]
    public async Task A_shard_without_room_refuses_what_grows_and_goes_on_with_the_rest()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (there, absent) = (cluster.NameOn("A", "x"), cluster.NameOn("A", "y"));
        await Set(cluster.A, there, 1);
        await Read(cluster.A, absent);
        var grown = new List<string>();
        cluster.Connection("A", "A").Instead = operation =>
        {
            if (operation.Grows)
            {
                grown.Add(operation.CacheKey);
            }

            return operation.Grows ? ShardStatus.NoRoom : null;
        };

        Assert.Equal(TransactionStatus.Unavailable, await Set(cluster.A, absent, 1));
        Assert.Equal(TransactionStatus.Unavailable, await Set(cluster.A, cluster.NameOn("A", "never-seen"), 1));
        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, there, 1));
        Assert.Equal(TransactionStatus.Committed, await Set(cluster.A, there, null));

        Assert.Contains($"1:{Key(absent).Text}", grown);
        Assert.DoesNotContain($"1:{Key(there).Text}", grown);
        Assert.Empty(cluster.Reports);
        Assert.Equal((0, "A.1"), (cluster.A.Counters.Epochs, cluster.A.Log));
    }

    [Fact]
    public async Task A_shard_that_cannot_be_reached_keeps_only_its_own_rows_waiting_and_is_not_asked_without_pause()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (far, near) = (cluster.NameOn("B", "x"), cluster.NameOn("A", "y"));
        await Set(cluster.A, far, 1);
        await Set(cluster.A, near, 1);
        var shard = cluster.Connection("A", "B");
        shard.IsDown = true;
        var waiting = Enumerable.Range(0, 50).Select(i => Add(cluster.A, i % 2 == 0 ? far : cluster.NameOn("B", $"other{i}-"), 1)).ToArray();
        for (var since = Environment.TickCount64; Environment.TickCount64 - since < 1500;)
        {
            Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, near, 1));
        }

        var passes = shard.Passes;
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        shard.IsDown = false;
        Assert.All(await Task.WhenAll(waiting), status => Assert.Equal(TransactionStatus.Committed, status));
        Assert.InRange(passes, 2, 60);
        Assert.Equal(26, await Read(cluster.B, far));
    }

    [Fact]
    public async Task A_connection_that_is_gone_under_a_batch_is_not_waited_for_and_what_arrives_late_is_void()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (far, near) = (cluster.NameOn("B", "x"), cluster.NameOn("A", "y"));
        await Set(cluster.A, far, 1);
        await Set(cluster.A, near, 1);
        var shard = cluster.Connection("A", "B");
        var install = shard.HoldNext(operation => operation.Verb == ShardVerb.CompareAndSet);
        var both = Run(cluster.A, [far, near], values => [(far, values[0] + 1), (near, values[1] + 1)]);
        await install.Reached.Task;
        shard.Disappear();
        install.LoseTheAnswer();

        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, near, 10).WaitAsync(Soon));
        Assert.False(both.IsCompleted);
        Assert.True(cluster.Logs.IsSealed("A.1"));
        await install.Late!();
        shard.Reappear();
        Assert.Equal(TransactionStatus.Committed, await both.WaitAsync(Soon));
        Assert.Equal((2, 12), (await Read(cluster.B, far), await Read(cluster.B, near)));
        Assert.Equal([1, 2], cluster.Logs.VersionsOf(Key(far)));
    }

    [Fact]
    public async Task Readers_of_a_connection_that_is_gone_do_not_keep_the_others_waiting()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var (far, near) = (cluster.NameOn("B", "x"), cluster.NameOn("A", "y"));
        await Set(cluster.A, far, 1);
        await Set(cluster.A, near, 2);
        var shard = cluster.Connection("A", "B");
        var check = shard.HoldNext(operation => operation.Verb == ShardVerb.Get && operation.CacheKey.EndsWith(Key(far).Text, StringComparison.Ordinal));
        var first = Read(cluster.A, far);
        await check.Reached.Task;
        var (behind, other) = (Read(cluster.A, far), Read(cluster.A, near));
        shard.Disappear();
        check.LoseTheAnswer();

        Assert.Equal(2, await other.WaitAsync(Soon));
        Assert.False(first.IsCompleted || behind.IsCompleted);
        shard.Reappear();
        Assert.Equal((1, 1), (await first.WaitAsync(Soon), await behind.WaitAsync(Soon)));
    }

    [Fact]
    public async Task A_row_whose_lease_was_lost_with_the_connection_is_loaded_long_before_the_lease_expires()
    {
        await using var cluster = await ViewCluster.StartAsync();
        var shard = cluster.Connection("A", "A");
        var faults = 1;
        shard.Fault = () => Interlocked.Decrement(ref faults) >= 0 ? ScriptedShard.PassFault.AnswersLost : ScriptedShard.PassFault.None;

        Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, cluster.NameOn("A", "x"), 1).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task The_broker_going_away_is_waited_for_and_service_comes_back_by_itself()
    {
        await using var cluster = await ViewCluster.StartAsync(new CommitterLimits { TransactionPatience = TimeSpan.FromMilliseconds(600) });
        var x = cluster.NameOn("A", "x");
        await Set(cluster.A, x, 1);
        var away = true;
        var asked = 0;
        Task Broker(string log)
        {
            asked++;
            return away ? throw new LogUnavailableException("no connection") : Task.CompletedTask;
        }

        cluster.Logs.Sealing = Broker;
        cluster.Logs.Opened = Broker;
        cluster.Logs.Decide = _ => Task.FromResult(away ? PublishFate.UnknownAndOut : PublishFate.Confirm);
        Assert.Equal(TransactionStatus.Unavailable, await Add(cluster.A, x, 1));
        Assert.InRange(asked, 2, 40);
        away = false;

        var status = TransactionStatus.Unavailable;
        for (var tries = 0; tries < 10 && status != TransactionStatus.Committed; tries++)
        {
            status = await Add(cluster.A, x, 1);
        }

        Assert.Equal(TransactionStatus.Committed, status);
        Assert.Equal(2, await Read(cluster.A, x));
    }

    [Fact]
    public async Task A_server_whose_broker_is_away_can_be_stopped()
    {
        var cluster = await ViewCluster.StartAsync(new CommitterLimits { StopPatience = TimeSpan.FromMilliseconds(200) });
        cluster.Logs.Sealing = static _ => throw new LogUnavailableException("no connection");
        cluster.Logs.Decide = static _ => Task.FromResult(PublishFate.UnknownAndOut);
        var doubtful = Add(cluster.A, "x", 1);
        await cluster.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(TransactionStatus.Unavailable, await doubtful);
    }

    private static void Refuse(ScriptedShard shard, string row, ShardStatus status)
    {
        var once = true;
        shard.Instead = operation =>
        {
            var refuse = once && operation.Verb == ShardVerb.CompareAndSet && operation.CacheKey.EndsWith(Key(row).Text, StringComparison.Ordinal);
            once &= !refuse;
            return refuse ? status : null;
        };
    }
}
