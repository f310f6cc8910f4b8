using Mjolnir.Running;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Storage.Tests.Shards;

/// <summary>Tests that measure this process run when no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuringTests
{
    public const string Name = "measuring";
}

[Collection(MeasuringTests.Name)]
public sealed class EmbeddedShardSizeTests
{
    private readonly EmbeddedShard _shard = new("s1");

    [Fact]
    public async Task A_hundred_thousand_small_rows_take_less_than_thirty_megabytes_and_are_counted_as_what_they_take()
    {
        await using var connection = _shard.Connect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 100_000; i++)
        {
            await connection.RunAsync([new ShardOperation { Verb = ShardVerb.Add, CacheKey = $"1:bank/users/user{i:D6}", Value = new byte[60] }], CancellationToken.None);
        }

        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(taken, 1, 30_000_000);
        Assert.InRange(_shard.Statistics.Bytes, taken * 0.7, taken * 1.4);
    }

    [Fact]
    public async Task A_million_reads_take_well_under_a_second_in_passes()
    {
        await using var connection = _shard.Connect();
        var gets = Enumerable.Range(0, 100).Select(i => new ShardOperation { Verb = ShardVerb.Get, CacheKey = $"1:bank/users/user{i}" }).ToList();
        await connection.RunAsync([.. gets.Select(get => new ShardOperation { Verb = ShardVerb.Add, CacheKey = get.CacheKey, Value = new byte[60] })], CancellationToken.None);
        var limit = TimeSpan.FromSeconds(1);
        var took = await Quickest.OfAsync(
            limit,
            async () =>
            {
                for (var i = 0; i < 10_000; i++)
                {
                    await connection.RunAsync(gets, CancellationToken.None);
                }
            });

        Assert.InRange(took, TimeSpan.Zero, limit);
    }
}
