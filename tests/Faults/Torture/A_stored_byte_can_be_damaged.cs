using System.Globalization;
using Mjolnir.Servers;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>What the torture damages is damaged, and nothing else: tried on a real memcached and a real S3.</summary>
public sealed class A_stored_byte_can_be_damaged
{
    private static readonly byte[] Bytes = [1, 2, 3, 4, 5, 6, 7, 8];

    [Fact]
    public async Task One_byte_of_one_item_differs_then_and_its_token_is_another()
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var connection = new MemcachedShardConnection("s1", server.Address);
        for (var i = 0; i < 10; i++)
        {
            await connection.RunAsync([Of(ShardVerb.Add, i, Bytes)], CancellationToken.None);
        }

        var before = await TokensAsync(connection);
        var keys = await DamagedItem.FlipAsync(Port(server), 1, key => key[^1] != '0', 0.37, CancellationToken.None);
        var after = Enumerable.Range(0, 10).Select(i => Of(ShardVerb.Get, i)).ToArray();
        await connection.RunAsync(after, CancellationToken.None);

        var damaged = Assert.Single(after, item => !item.Value.Span.SequenceEqual(Bytes));
        Assert.Equal(Assert.Single(keys), damaged.CacheKey);
        Assert.Single(Bytes.Zip(damaged.Value.ToArray()), pair => pair.First != pair.Second);
        Assert.Equal(9, before.Intersect(after.Select(item => item.Token)).Count());
    }

    [Fact]
    public async Task A_memcached_without_items_or_that_is_gone_has_nothing_to_damage()
    {
        await using var server = await MemcachedServer.StartAsync();
        Assert.Empty(await DamagedItem.FlipAsync(Port(server), 1, _ => true, 0.5, CancellationToken.None));
        await server.KillAsync();
        Assert.Empty(await DamagedItem.FlipAsync(Port(server), 1, _ => true, 0.5, CancellationToken.None));
    }

    [Fact]
    public async Task One_byte_of_one_object_differs_until_it_is_mended_and_one_that_was_collected_stays_so()
    {
        var server = await S3Server.SharedAsync();
        var settings = server.NewSettings();
        using var store = new S3ObjectStore(settings, TimeProvider.System);
        Assert.Equal(S3CheckKind.Good, (await S3Capability.CheckAsync(store, CancellationToken.None)).Kind);
        await store.CreateAsync("a", Bytes, CancellationToken.None);
        await store.CreateAsync("b", Bytes, CancellationToken.None);
        using var damage = new DamagedObject(settings);

        Assert.True(await damage.FlipAsync(0.9, CancellationToken.None));
        Assert.Equal("b", damage.Name);
        Assert.Single(Bytes.Zip((await store.GetAsync("b", CancellationToken.None))!.Value.ToArray()), pair => pair.First != pair.Second);
        Assert.Equal(Bytes, (await store.GetAsync("a", CancellationToken.None))!.Value.ToArray());

        await damage.MendAsync(CancellationToken.None);
        Assert.Equal(Bytes, (await store.GetAsync("b", CancellationToken.None))!.Value.ToArray());

        Assert.True(await damage.FlipAsync(0.9, CancellationToken.None));
        await store.DeleteAsync("b", CancellationToken.None);
        await damage.MendAsync(CancellationToken.None);
        Assert.Null(await store.GetAsync("b", CancellationToken.None));
    }

    [Theory]
    [InlineData("row ledger/accounts/n1, damaged_data: its checksum is wrong", true)]
    [InlineData("the newest is ledger/accounts/n1", true)]
    [InlineData("row ledger/accounts/n12, damaged_data: its checksum is wrong", false)]
    [InlineData("row ledger/accounts/n12 and row ledger/accounts/n1: both", true)]
    public void An_alarm_names_what_was_damaged_and_not_what_begins_like_it(string told, bool isNamed) => Assert.Equal(isNamed, TortureCluster.IsNamed("ledger/accounts/n1", told));

    private static int Port(MemcachedServer server) => int.Parse(server.Address.Split(':')[^1], CultureInfo.InvariantCulture);

    private static ShardOperation Of(ShardVerb verb, int number, byte[]? value = null) => new() { Verb = verb, CacheKey = $"1:ledger/accounts/n{number}", Value = value };

    private static async Task<IReadOnlyList<ulong>> TokensAsync(MemcachedShardConnection connection)
    {
        var gets = Enumerable.Range(0, 10).Select(i => Of(ShardVerb.Get, i)).ToArray();
        await connection.RunAsync(gets, CancellationToken.None);
        return [.. gets.Select(get => get.Token)];
    }
}
