using Mjolnir.Chaos.Shards;
using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind.Warming;

namespace Mjolnir.WriteBehind.Tests.Warming;

public sealed class WarmerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly World _world = new();
    private readonly ClusterView _view = new(3, [new ShardDescription("s1", "label")], [new SlotRange(0, Slots.Count - 1, 0, 3)], []);

    [Fact]
    public async Task What_is_newer_in_the_shard_stays_and_the_rest_is_added()
    {
        var shard = new EmbeddedShard("s1");
        await using var connection = shard.Connect();
        await StoreAsync("alice", "bob");
        await connection.RunAsync([Add("3:bank/users/alice", 7)], World.Ever);
        Assert.Equal(["label"], await WarmAsync(shard));
        Assert.Equal(7, await VersionAsync(connection, "3:bank/users/alice"));
        Assert.Equal(1, await VersionAsync(connection, "3:bank/users/bob"));
    }

    [Fact]
    public async Task A_lease_is_no_row_so_the_shard_is_warm_only_when_its_loader_has_stored_it()
    {
        var shard = new EmbeddedShard("s1");
        await using var connection = shard.Connect();
        await StoreAsync("alice");
        var lease = new ShardOperation { Verb = ShardVerb.GetOrLease, CacheKey = "3:bank/users/alice" };
        await connection.RunAsync([lease], World.Ever);
        var warming = WarmAsync(shard);
        await Task.Delay(50);
        Assert.False(warming.IsCompleted);
        await connection.RunAsync([new ShardOperation { Verb = ShardVerb.CompareAndDelete, CacheKey = lease.CacheKey, Token = lease.Token }], World.Ever);
        Assert.Equal(["label"], await warming.WaitAsync(Patience));
        Assert.Equal(1, await VersionAsync(connection, "3:bank/users/alice"));
    }

    [Fact]
    public async Task A_shard_without_room_for_a_row_is_not_warm()
    {
        var shard = new EmbeddedShard("s1", new EmbeddedShardLimits { MemoryBytes = 300 });
        await StoreAsync("alice", "bob", "carol");
        var warmer = Warmer(shard);
        Assert.Empty(await warmer.RunAsync(await _world.RowsAsync(), null, World.Ever));
        Assert.Empty(warmer.Refusing);
    }

    [Fact]
    public async Task V9m_a_shard_that_refuses_a_row_for_memory_is_not_warm_and_not_trusted()
    {
        await StoreAsync("alice", "bob");
        var connection = new ChaosShardConnection(new EmbeddedShard("s1").Connect());
        using var gate = connection.HoldNext(operation => operation.Verb == ShardVerb.Add);
        gate.ReleaseAs(ShardStatus.Full);
        var warmer = new Warmer(_view, [connection], TimeProvider.System);
        Assert.Empty(await warmer.RunAsync(await _world.RowsAsync(), null, World.Ever));
        Assert.Equal(["label"], warmer.Refusing);
    }

    [Fact]
    public async Task Damage_is_thrown_unless_somebody_wants_to_be_told_and_then_the_shard_is_not_warm()
    {
        var shard = new EmbeddedShard("s1");
        await StoreAsync("alice", "bob");
        var name = _world.Objects.Names.Last(name => name.EndsWith(".gz", StringComparison.Ordinal));
        var bad = (byte[])_world.Objects[name].Clone();
        bad[10] ^= 0x20;
        _world.Objects[name] = bad;
        var rows = await _world.RowsAsync();
        await Assert.ThrowsAsync<CorruptDataException>(() => Warmer(shard).RunAsync(rows, null, World.Ever));

        var told = new List<DamagedRows>();
        await using var connection = shard.Connect();
        var warmer = new Warmer(_view, [connection], TimeProvider.System) { Damaged = told.Add };
        Assert.Empty(await warmer.RunAsync(rows, null, World.Ever));
        Assert.Equal("rows bank/users/alice to bank/users/bob", Assert.Single(told).Words);
    }

    [Fact]
    public async Task A_connection_that_ends_in_a_pass_is_asked_again()
    {
        var shard = new EmbeddedShard("s1");
        await StoreAsync("alice");
        await using var connection = shard.Connect();
        connection.Cut();
        Assert.Equal(["label"], await new Warmer(_view, [connection], TimeProvider.System).RunAsync(await _world.RowsAsync(), null, World.Ever));
        Assert.Equal(1, await VersionAsync(connection, "3:bank/users/alice"));
    }

    [Fact]
    public async Task Items_of_lost_slots_are_deleted_under_every_prefix_they_had()
    {
        var shard = new EmbeddedShard("s1");
        await using var connection = shard.Connect();
        await StoreAsync("alice");
        await connection.RunAsync([Add("1:bank/users/alice", 1), Add("2:bank/users/alice", 1), Add("3:bank/users/alice", 1)], World.Ever);
        var warmer = new Warmer(_view, [shard.Connect()], TimeProvider.System)
        {
            Ranges = [],
            Leftovers = [new SlotRange(0, Slots.Count - 1, 0, 1), new SlotRange(0, Slots.Count - 1, 0, 2)],
        };
        await warmer.RunAsync(await _world.RowsAsync(), null, World.Ever);
        Assert.Equal(2, warmer.Deleted);
        Assert.Null(await VersionAsync(connection, "1:bank/users/alice"));
        Assert.Null(await VersionAsync(connection, "2:bank/users/alice"));
        Assert.Equal(1, await VersionAsync(connection, "3:bank/users/alice"));
    }

    private Warmer Warmer(EmbeddedShard shard) => new(_view, [shard.Connect()], TimeProvider.System);

    private async Task<IReadOnlyList<string>> WarmAsync(EmbeddedShard shard) => await Warmer(shard).RunAsync(await _world.RowsAsync(), null, World.Ever);

    private async Task StoreAsync(params string[] names)
    {
        await _world.OpenLogAsync("s1.1");
        await _world.PublishAsync("s1.1", 1, [.. names.Select(name => World.Put(name, 1, 1))]);
        await _world.StoreAsync("s1.1", 1);
    }

    private static ShardOperation Add(string cacheKey, long version) => new()
    {
        Verb = ShardVerb.Add,
        CacheKey = cacheKey,
        Value = EnvelopeCodec.Encode(Envelope.Of(new RowVersion(version, new Stamp("s1.1", 1), RowState.Present, World.Put("x", 1, 1).Value))),
    };

    private static async Task<long?> VersionAsync(EmbeddedShardConnection connection, string cacheKey)
    {
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = cacheKey };
        await connection.RunAsync([get], World.Ever);
        return get.Status == ShardStatus.Hit ? EnvelopeCodec.Decode(get.Value).Current.Version : null;
    }
}
