using System.Text;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Storage.Tests.Shards;

/// <summary>What every shard promises, whatever it is made of. A class per implementation derives from this.</summary>
public abstract class ShardConnectionContract
{
    private const string Key = "1:bank/users/alice";

    /// <summary>A new connection to the one shard of this test.</summary>
    protected abstract ValueTask<IShardConnection> ConnectAsync();

    /// <summary>Kills the shard's process and starts it again, empty.</summary>
    protected abstract ValueTask RestartAsync();

    /// <summary>Lets the time of a lease pass.</summary>
    protected abstract ValueTask ExpireLeasesAsync();

    /// <summary>The shard's item limit in bytes.</summary>
    protected abstract int ItemBytes { get; }

    [Fact]
    public async Task A_key_never_stored_is_a_miss()
    {
        await using var connection = await ConnectAsync();
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, Key)).Status);
    }

    [Fact]
    public async Task What_is_added_is_read_with_the_token_that_the_add_returned()
    {
        await using var connection = await ConnectAsync();
        var token = await AddedAsync(connection, "a");
        var got = await GetAsync(connection, Key);
        Assert.Equal((ShardStatus.Hit, token, "a"), (got.Status, got.Token, Text(got)));
    }

    [Fact]
    public async Task An_add_over_an_item_does_nothing()
    {
        await using var connection = await ConnectAsync();
        await AddedAsync(connection, "a");
        Assert.Equal(ShardStatus.Exists, (await RunAsync(connection, ShardVerb.Add, Key, "b")).Status);
        Assert.Equal("a", Text(await GetAsync(connection, Key)));
    }

    [Fact]
    public async Task A_compare_and_set_with_the_token_stores_and_gives_a_higher_token()
    {
        await using var connection = await ConnectAsync();
        var token = await AddedAsync(connection, "a");
        var set = await RunAsync(connection, ShardVerb.CompareAndSet, Key, "b", token);
        Assert.Equal(ShardStatus.Stored, set.Status);
        Assert.True(set.Token > token);
        var got = await GetAsync(connection, Key);
        Assert.Equal((set.Token, "b"), (got.Token, Text(got)));
    }

    [Fact]
    public async Task A_compare_and_set_with_an_old_token_conflicts_and_does_nothing()
    {
        await using var connection = await ConnectAsync();
        var token = await AddedAsync(connection, "a");
        await RunAsync(connection, ShardVerb.CompareAndSet, Key, "b", token);
        Assert.Equal(ShardStatus.Conflict, (await RunAsync(connection, ShardVerb.CompareAndSet, Key, "c", token)).Status);
        Assert.Equal("b", Text(await GetAsync(connection, Key)));
    }

    [Fact]
    public async Task The_same_value_set_again_has_another_token()
    {
        await using var connection = await ConnectAsync();
        var token = await AddedAsync(connection, "a");
        var again = await RunAsync(connection, ShardVerb.CompareAndSet, Key, "a", token);
        Assert.NotEqual(token, again.Token);
        Assert.Equal(ShardStatus.Conflict, (await RunAsync(connection, ShardVerb.CompareAndSet, Key, "b", token)).Status);
    }

    [Fact]
    public async Task A_compare_and_set_of_no_item_finds_nothing()
    {
        await using var connection = await ConnectAsync();
        Assert.Equal(ShardStatus.NotFound, (await RunAsync(connection, ShardVerb.CompareAndSet, Key, "a", 1)).Status);
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, Key)).Status);
    }

    [Fact]
    public async Task A_compare_and_delete_deletes_only_with_the_token()
    {
        await using var connection = await ConnectAsync();
        var token = await AddedAsync(connection, "a");
        Assert.Equal(ShardStatus.Conflict, (await RunAsync(connection, ShardVerb.CompareAndDelete, Key, token: token + 1)).Status);
        Assert.Equal(ShardStatus.Deleted, (await RunAsync(connection, ShardVerb.CompareAndDelete, Key, token: token)).Status);
        Assert.Equal(ShardStatus.NotFound, (await RunAsync(connection, ShardVerb.CompareAndDelete, Key, token: token)).Status);
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, Key)).Status);
    }

    [Fact]
    public async Task A_token_is_not_used_again_after_a_delete()
    {
        await using var connection = await ConnectAsync();
        var token = await AddedAsync(connection, "a");
        await RunAsync(connection, ShardVerb.CompareAndDelete, Key, token: token);
        Assert.True(await AddedAsync(connection, "a") > token);
    }

    [Fact]
    public async Task One_reader_wins_the_lease_and_stores_under_it()
    {
        await using var winner = await ConnectAsync();
        await using var loser = await ConnectAsync();
        var lease = await RunAsync(winner, ShardVerb.GetOrLease, Key);
        Assert.Equal(ShardStatus.LeaseWon, lease.Status);
        var held = await RunAsync(loser, ShardVerb.GetOrLease, Key);
        Assert.Equal((ShardStatus.LeaseHeld, lease.Token), (held.Status, held.Token));
        Assert.Equal(ShardStatus.Stored, (await RunAsync(winner, ShardVerb.CompareAndSet, Key, "loaded", lease.Token)).Status);
        var got = await RunAsync(loser, ShardVerb.GetOrLease, Key);
        Assert.Equal((ShardStatus.Hit, "loaded"), (got.Status, Text(got)));
    }

    [Fact]
    public async Task A_get_sees_no_value_under_a_lease_and_an_add_fails_on_it()
    {
        await using var connection = await ConnectAsync();
        await RunAsync(connection, ShardVerb.GetOrLease, Key);
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, Key)).Status);
        Assert.Equal(ShardStatus.Exists, (await RunAsync(connection, ShardVerb.Add, Key, "a")).Status);
    }

    [Fact]
    public async Task A_lease_expires_and_its_token_with_it()
    {
        await using var connection = await ConnectAsync();
        var first = await RunAsync(connection, ShardVerb.GetOrLease, Key);
        await ExpireLeasesAsync();
        Assert.Equal(ShardStatus.NotFound, (await RunAsync(connection, ShardVerb.CompareAndSet, Key, "late", first.Token)).Status);
        var second = await RunAsync(connection, ShardVerb.GetOrLease, Key);
        Assert.Equal(ShardStatus.LeaseWon, second.Status);
        Assert.Equal(ShardStatus.Conflict, (await RunAsync(connection, ShardVerb.CompareAndSet, Key, "late", first.Token)).Status);
    }

    [Fact]
    public async Task What_was_stored_under_a_lease_does_not_expire()
    {
        await using var connection = await ConnectAsync();
        var lease = await RunAsync(connection, ShardVerb.GetOrLease, Key);
        await RunAsync(connection, ShardVerb.CompareAndSet, Key, "loaded", lease.Token);
        await ExpireLeasesAsync();
        Assert.Equal("loaded", Text(await GetAsync(connection, Key)));
    }

    [Fact]
    public async Task A_pass_is_answered_in_order_each_operation_seeing_those_before()
    {
        await using var connection = await ConnectAsync();
        var pass = new List<ShardOperation>
        {
            Operation(ShardVerb.Get, Key), Operation(ShardVerb.Add, Key, "a"), Operation(ShardVerb.Get, Key), Operation(ShardVerb.Add, Key, "b"),
        };
        await connection.RunAsync(pass, CancellationToken.None);
        Assert.Equal([ShardStatus.Miss, ShardStatus.Stored, ShardStatus.Hit, ShardStatus.Exists], pass.Select(one => one.Status));
    }

    [Fact]
    public async Task A_pass_of_hundreds_of_operations_answers_each()
    {
        await using var connection = await ConnectAsync();
        var sets = Enumerable.Range(0, 500).Select(i => Operation(ShardVerb.Add, $"{Key}{i}", $"{i}")).ToList();
        await connection.RunAsync(sets, CancellationToken.None);
        var gets = Enumerable.Range(0, 500).Select(i => Operation(ShardVerb.Get, $"{Key}{i}")).ToList();
        await connection.RunAsync(gets, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), gets.Select(Text));
        Assert.Equal(sets.Select(one => one.Token), gets.Select(one => one.Token));
    }

    [Fact]
    public async Task Values_are_bytes_and_may_be_empty()
    {
        await using var connection = await ConnectAsync();
        var value = Enumerable.Range(0, 256).Select(i => (byte)i).Concat("\r\nEND\r\n"u8.ToArray()).ToArray();
        await connection.RunAsync([new ShardOperation { Verb = ShardVerb.Add, CacheKey = Key, Value = value }], CancellationToken.None);
        Assert.Equal(value, (await GetAsync(connection, Key)).Value.ToArray());
        await RunAsync(connection, ShardVerb.Add, "1:empty", "");
        var empty = await GetAsync(connection, "1:empty");
        Assert.Equal((ShardStatus.Hit, 0), (empty.Status, empty.Value.Length));
    }

    [Fact]
    public async Task A_stored_value_does_not_change_when_the_caller_reuses_its_buffer()
    {
        await using var connection = await ConnectAsync();
        var buffer = "right"u8.ToArray();
        await connection.RunAsync([new ShardOperation { Verb = ShardVerb.Add, CacheKey = Key, Value = buffer }], CancellationToken.None);
        "wrong"u8.CopyTo(buffer);
        Assert.Equal("right", Text(await GetAsync(connection, Key)));
    }

    [Fact]
    public async Task A_value_over_the_item_limit_is_too_large_and_leaves_the_old_one()
    {
        await using var connection = await ConnectAsync();
        var token = await AddedAsync(connection, "a");
        var large = new ShardOperation { Verb = ShardVerb.CompareAndSet, CacheKey = Key, Value = new byte[ItemBytes + 1], Token = token };
        await connection.RunAsync([large], CancellationToken.None);
        Assert.Equal(ShardStatus.TooLarge, large.Status);
        var got = await GetAsync(connection, Key);
        Assert.Equal((token, "a"), (got.Token, Text(got)));
    }

    [Fact]
    public async Task Opening_empties_the_shard_and_labels_it()
    {
        await using var connection = await ConnectAsync();
        await AddedAsync(connection, "a");
        await connection.OpenAsync("f00d", CancellationToken.None);
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, Key)).Status);
        Assert.Equal("f00d", Text(await GetAsync(connection, IShardConnection.LabelKey)));
    }

    [Fact]
    public async Task A_restarted_shard_has_no_label_no_items_and_a_new_incarnation()
    {
        await using var connection = await ConnectAsync();
        await connection.OpenAsync("f00d", CancellationToken.None);
        await AddedAsync(connection, "a");
        var before = connection.Incarnation;
        await RestartAsync();
        // The pass under way has no answer; the next one is over a new connection.
        await GetAsync(connection, Key);
        Assert.True(connection.Incarnation > before);
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, Key)).Status);
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, IShardConnection.LabelKey)).Status);
    }

    [Fact]
    public async Task A_pass_over_a_connection_that_was_lost_is_unknown_and_without_effect_on_the_restarted_shard()
    {
        await using var connection = await ConnectAsync();
        var old = await AddedAsync(connection, "old");
        await RestartAsync();
        var lost = new List<ShardOperation> { Operation(ShardVerb.CompareAndSet, Key, "x", old), Operation(ShardVerb.Add, Key, "y") };
        await connection.RunAsync(lost, CancellationToken.None);
        Assert.All(lost, one => Assert.Equal(ShardStatus.Unknown, one.Status));
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, Key)).Status);
    }

    [Fact]
    public async Task Of_many_writers_with_one_token_one_stores()
    {
        await using var first = await ConnectAsync();
        var token = await AddedAsync(first, "a");
        var writers = Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            await using var connection = await ConnectAsync();
            return (await RunAsync(connection, ShardVerb.CompareAndSet, Key, $"{i}", token)).Status;
        }));
        var answers = await Task.WhenAll(writers);
        Assert.Single(answers, ShardStatus.Stored);
        Assert.Equal(15, answers.Count(status => status == ShardStatus.Conflict));
    }

    [Fact]
    public async Task Counters_kept_by_compare_and_set_lose_nothing()
    {
        await using var first = await ConnectAsync();
        await RunAsync(first, ShardVerb.Add, Key, "0");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => CountAsync(200))));
        Assert.Equal("800", Text(await GetAsync(first, Key)));
    }

    protected static ShardOperation Operation(ShardVerb verb, string key, string value = "", ulong token = 0) =>
        new() { Verb = verb, CacheKey = key, Value = Encoding.UTF8.GetBytes(value), Token = token };

    protected static async Task<ShardOperation> RunAsync(IShardConnection connection, ShardVerb verb, string key, string value = "", ulong token = 0)
    {
        var operation = Operation(verb, key, value, token);
        await connection.RunAsync([operation], CancellationToken.None);
        return operation;
    }

    protected static Task<ShardOperation> GetAsync(IShardConnection connection, string key) => RunAsync(connection, ShardVerb.Get, key);

    protected static string Text(ShardOperation operation) => Encoding.UTF8.GetString(operation.Value.Span);

    private static async Task<ulong> AddedAsync(IShardConnection connection, string value)
    {
        var add = await RunAsync(connection, ShardVerb.Add, Key, value);
        Assert.Equal(ShardStatus.Stored, add.Status);
        return add.Token;
    }

    private async Task CountAsync(int times)
    {
        await using var connection = await ConnectAsync();
        for (var done = 0; done < times;)
        {
            var got = await GetAsync(connection, Key);
            var next = (int.Parse(Text(got), System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            done += (await RunAsync(connection, ShardVerb.CompareAndSet, Key, next, got.Token)).Status == ShardStatus.Stored ? 1 : 0;
        }
    }
}
