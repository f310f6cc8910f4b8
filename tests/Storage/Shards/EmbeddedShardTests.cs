using Mjolnir.Storage.Shards;

namespace Mjolnir.Storage.Tests.Shards;

public sealed class EmbeddedShardTests : ShardConnectionContract
{
    private readonly ManualTime _time = new();
    private readonly EmbeddedShard _shard;

    public EmbeddedShardTests() => _shard = new EmbeddedShard("s1", time: _time);

    protected override int ItemBytes => EmbeddedShardLimits.Default.ItemBytes;

    [Fact]
    public async Task Tokens_start_again_at_one_after_a_restart_but_not_after_a_flush()
    {
        await using var connection = _shard.Connect();
        Assert.Equal(1ul, (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token);
        _shard.Flush();
        Assert.Equal(2ul, (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token);
        Assert.Equal(1, connection.Incarnation);
        _shard.Restart();
        await GetAsync(connection, "1:a");
        Assert.Equal(1ul, (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token);
    }

    [Fact]
    public async Task A_cut_connection_loses_a_pass_and_comes_back_to_the_same_items()
    {
        await using var connection = _shard.Connect();
        await RunAsync(connection, ShardVerb.Add, "1:a", "old");
        connection.Cut();
        Assert.Equal(ShardStatus.Unknown, (await RunAsync(connection, ShardVerb.Add, "1:b", "b")).Status);
        Assert.Equal(2, connection.Incarnation);
        Assert.Equal("old", Text(await GetAsync(connection, "1:a")));
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, "1:b")).Status);
    }

    [Fact]
    public async Task A_connection_made_after_a_restart_works_at_once()
    {
        _shard.Restart();
        await using var connection = _shard.Connect();
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, "1:a")).Status);
    }

    [Fact]
    public async Task A_full_shard_refuses_growth_and_keeps_what_it_has()
    {
        var full = new EmbeddedShard("s1", new EmbeddedShardLimits { MemoryBytes = 1000 }, _time);
        await using var connection = full.Connect();
        var token = (await RunAsync(connection, ShardVerb.Add, "1:a", new string('a', 500))).Token;
        Assert.Equal(ShardStatus.NoRoom, (await RunAsync(connection, ShardVerb.Add, "1:b", new string('b', 500))).Status);
        Assert.Equal(ShardStatus.NoRoom, (await RunAsync(connection, ShardVerb.CompareAndSet, "1:a", new string('a', 1000), token)).Status);
        Assert.Equal(500, (await GetAsync(connection, "1:a")).Value.Length);
        Assert.Equal(ShardStatus.Stored, (await RunAsync(connection, ShardVerb.CompareAndSet, "1:a", new string('c', 500), token)).Status);
    }

    [Fact]
    public async Task A_full_shard_gives_no_leases()
    {
        var full = new EmbeddedShard("s1", new EmbeddedShardLimits { MemoryBytes = 10 }, _time);
        await using var connection = full.Connect();
        Assert.Equal(ShardStatus.NoRoom, (await RunAsync(connection, ShardVerb.GetOrLease, "1:a")).Status);
    }

    [Fact]
    public async Task What_is_deleted_or_expired_gives_its_room_back()
    {
        await using var connection = _shard.Connect();
        var token = (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token;
        await RunAsync(connection, ShardVerb.GetOrLease, "1:b");
        await RunAsync(connection, ShardVerb.CompareAndDelete, "1:a", token: token);
        _time.Advance(EmbeddedShardLimits.Default.Lease);
        await GetAsync(connection, "1:b");
        Assert.Equal((0L, 0L), (_shard.Statistics.Items, _shard.Statistics.Bytes));
    }

    [Fact]
    public async Task Statistics_count_what_was_done()
    {
        await using var connection = _shard.Connect();
        var token = (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token;
        await GetAsync(connection, "1:a");
        await GetAsync(connection, "1:b");
        await RunAsync(connection, ShardVerb.CompareAndSet, "1:a", "b", token + 7);
        var statistics = _shard.Statistics;
        Assert.Equal((1L, 2L, 1L, 1L, 1L), (statistics.Items, statistics.Gets, statistics.Hits, statistics.Sets, statistics.Conflicts));
    }

    [Fact]
    public void A_pass_completes_at_once()
    {
        var connection = _shard.Connect();
        Assert.True(connection.RunAsync([Operation(ShardVerb.GetOrLease, "1:a")], CancellationToken.None).IsCompletedSuccessfully);
    }

    protected override ValueTask<IShardConnection> ConnectAsync() => new(_shard.Connect());

    protected override ValueTask RestartAsync()
    {
        _shard.Restart();
        return default;
    }

    protected override ValueTask ExpireLeasesAsync()
    {
        _time.Advance(EmbeddedShardLimits.Default.Lease);
        return default;
    }
}
