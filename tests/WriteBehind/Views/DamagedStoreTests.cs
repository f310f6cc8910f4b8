using Mjolnir.Core.Views;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Tests.Views;

/// <summary>The keeper of a cluster whose store has a damaged object: it goes on, says which rows, and calls no shard warm that may lack one.</summary>
public sealed class DamagedStoreTests : IAsyncLifetime
{
    private readonly ClusterTest _cluster = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Assert.Empty(_cluster.Faults);
    }

    [Fact]
    public async Task A_damaged_block_is_told_and_the_view_is_kept_and_all_other_rows_come_into_the_shard()
    {
        await using var server = await OneServerAsync();
        var before = await _cluster.ActiveAsync(view => view.Shards.Count == 1);
        await server.WriteAsync([.. Enumerable.Range(0, 4000).Select(i => World.Put($"user{i:D4}", 1, i))]);
        var segment = await _cluster.EventuallyAsync(() => _cluster.World.Objects.Names.FirstOrDefault(name => _cluster.World.Objects[name].Length > 10_000));
        Damage(segment, 10);

        _cluster.Shard("s1").Flush();
        var view = await _cluster.ActiveAsync(view => view.Number > before.Number);

        var damaged = await _cluster.EventuallyAsync(() => _cluster.Damaged.FirstOrDefault());
        Assert.Equal((segment, "bank/users/user0000"), (damaged.Object, damaged.First.ToString()));
        await _cluster.EventuallyAsync(() => _cluster.Reports.Any(report => report.EndsWith("of lost slots deleted, 0 shards warm", StringComparison.Ordinal)));
        Assert.Null(await CachedAsync(view, "user0000"));
        Assert.NotNull(await CachedAsync(view, "user3999"));
        await RequireKeepsAsync(view);
    }

    [Fact]
    public async Task A_missing_object_is_told_and_the_view_is_kept()
    {
        await using var server = await OneServerAsync();
        var before = await _cluster.ActiveAsync(view => view.Shards.Count == 1);
        await server.WriteAsync(World.Put("alice", 1, 7));
        var stamp = await server.WriteAsync(World.Put("bob", 1, 8));
        await _cluster.EventuallyAsync(() => _cluster.World.Objects.Names.Count(name => name.StartsWith($"logs/{stamp.Log}/entries/", StringComparison.Ordinal)) > 1);
        var missing = _cluster.World.Objects.Names.First(name => name.StartsWith($"logs/{stamp.Log}/entries/", StringComparison.Ordinal));
        await _cluster.World.Objects.DeleteAsync(missing, World.Ever);

        _cluster.Shard("s1").Flush();
        var view = await _cluster.ActiveAsync(view => view.Number > before.Number);

        Assert.Equal(missing, (await _cluster.EventuallyAsync(() => _cluster.Damaged.FirstOrDefault())).Object);
        Assert.Null(await CachedAsync(view, "alice"));
        await RequireKeepsAsync(view);
    }

    private async Task<PlainServer> OneServerAsync()
    {
        _cluster.StartKeeper();
        _cluster.StartWorkers("s1");
        return await _cluster.StartServerAsync("s1");
    }

    /// <summary>The same term goes on: the next view is made by it.</summary>
    private async Task RequireKeepsAsync(ClusterView view)
    {
        _cluster.Shard("s1").Flush();
        await _cluster.ActiveAsync(next => next.Number > view.Number);
        Assert.Single(_cluster.Reports, report => report.EndsWith("keeps the view", StringComparison.Ordinal));
        var beat = await _cluster.BeatAsync(beat => beat.ActiveView > view.Number);
        Assert.Empty(beat.Warm);
    }

    private async Task<byte[]?> CachedAsync(ClusterView view, string name)
    {
        await using var connection = _cluster.Shard("s1").Connect();
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = $"{view.Number}:{World.Key(name)}" };
        await connection.RunAsync([get], World.Ever);
        return get.Status == ShardStatus.Hit ? get.Value.ToArray() : null;
    }

    private void Damage(string name, int at)
    {
        var bad = (byte[])_cluster.World.Objects[name].Clone();
        bad[at] ^= 0x20;
        _cluster.World.Objects[name] = bad;
    }
}
