using Mjolnir.Memcached;
using Mjolnir.Servers;
using Mjolnir.Services;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Storage.Tests.Shards;

/// <summary>Full shards (V9m): memcached deletes the item that a refused <c>ms</c> should have replaced. Nothing may disappear that way unnoticed.</summary>
public sealed class MemcachedFullTests : IAsyncLifetime
{
    /// <summary>The least that memcached takes with items of 1 MB is 2; with 8, pages of one class are given out for a while before they run out.</summary>
    private const int Megabytes = 8;

    private MemcachedServer _server = null!;

    public async Task InitializeAsync() => _server = await MemcachedServer.StartAsync(Megabytes);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Growth_is_refused_before_the_server_refuses_anything_and_what_is_there_can_still_be_replaced()
    {
        await using var connection = await OpenedAsync();
        var stored = await FillAsync(connection, 1000, ShardStatus.NoRoom);
        await connection.Fill.LookAsync();
        var figures = connection.Fill.Figures!;
        Assert.Equal((0, 0, true), (figures.Evictions, figures.RefusedForMemory, figures.IsTight));
        Assert.InRange(figures.Bytes, 0.6 * Megabytes * (1 << 20), 0.95 * Megabytes * (1 << 20));

        var replaced = stored.ConvertAll(add => Operation(ShardVerb.CompareAndSet, add.CacheKey, 1000, add.Token));
        await connection.RunAsync(replaced, CancellationToken.None);
        Assert.All(replaced, one => Assert.Equal(ShardStatus.Stored, one.Status));
        var got = await GetAllAsync(connection, replaced);
        Assert.Equal(replaced.Select(one => one.Token), got.Select(one => one.Token));
        var growing = Operation(ShardVerb.CompareAndSet, stored[0].CacheKey, 1100, replaced[0].Token);
        growing.Grows = true;
        await connection.RunAsync([growing], CancellationToken.None);
        Assert.Equal(ShardStatus.NoRoom, growing.Status);
    }

    [Fact]
    public async Task What_was_stored_stays_or_its_loss_is_told_while_many_fill_the_shard_with_items_of_all_sizes()
    {
        await using (await OpenedAsync())
        {
        }

        var stored = new Dictionary<string, ulong>();
        var told = new HashSet<string>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            await using var connection = Connect();
            var random = new Random(writer);
            var refused = 0;
            for (var number = 0; refused < 20; number++)
            {
                var pass = Enumerable.Range(0, 50).Select(i => Operation(ShardVerb.Add, $"1:{writer}/{number}/{i}", (int)Math.Pow(2, random.NextDouble() * 13))).ToList();
                await connection.RunAsync(pass, CancellationToken.None);
                refused += pass.Any(one => one.Status != ShardStatus.Stored) ? 1 : 0;
                var replaced = pass.Where(one => one.Status == ShardStatus.Stored).Select(one => Operation(ShardVerb.CompareAndSet, one.CacheKey, one.Value.Length, one.Token)).ToList();
                await connection.RunAsync(replaced, CancellationToken.None);
                lock (stored)
                {
                    Note(pass, stored, told);
                    Note(replaced, stored, told);
                }
            }
        })));

        await using var reader = Connect();
        foreach (var keys in stored.Keys.Except(told).Chunk(500))
        {
            var got = keys.Select(key => new ShardOperation { Verb = ShardVerb.Get, CacheKey = key }).ToList();
            await reader.RunAsync(got, CancellationToken.None);
            Assert.All(got, one => Assert.Equal((ShardStatus.Hit, stored[one.CacheKey]), (one.Status, one.Token)));
        }

        await reader.Fill.LookAsync();
        Assert.Equal(0, reader.Fill.Figures!.Evictions);
        Assert.InRange(stored.Count, 1000, int.MaxValue);
    }

    [Fact]
    public async Task At_the_brim_a_replacing_write_is_refused_and_the_item_stays()
    {
        await using var connection = await OpenedAsync();
        var stored = await FillAsync(connection, 1000, ShardStatus.NoRoom);
        await FillToTheBrimAsync(1000);
        await connection.Fill.LookAsync();

        var set = Operation(ShardVerb.CompareAndSet, stored[0].CacheKey, 1000, stored[0].Token);
        await connection.RunAsync([set], CancellationToken.None);
        Assert.Equal(ShardStatus.NoRoom, set.Status);
        var got = await GetAllAsync(connection, stored);
        Assert.Equal(stored.Select(one => one.Token), got.Select(one => one.Token));

        var removed = new ShardOperation { Verb = ShardVerb.CompareAndDelete, CacheKey = stored[1].CacheKey, Token = stored[1].Token };
        await connection.RunAsync([removed], CancellationToken.None);
        Assert.Equal(ShardStatus.Deleted, removed.Status);
        await connection.RunAsync([set], CancellationToken.None);
        Assert.Equal(ShardStatus.Stored, set.Status);
        Assert.Equal(set.Token, (await GetAllAsync(connection, [set]))[0].Token);
    }

    [Fact]
    public async Task At_the_brim_there_is_no_lease()
    {
        await using var connection = await OpenedAsync();
        await FillToTheBrimAsync(1);
        var get = new ShardOperation { Verb = ShardVerb.GetOrLease, CacheKey = "1:absent" };
        await connection.RunAsync([get], CancellationToken.None);
        Assert.Equal(ShardStatus.NoRoom, get.Status);
    }

    [Fact]
    public async Task A_refusal_that_happens_all_the_same_is_told_as_full_and_then_the_item_is_gone()
    {
        // Looks but once: so it does not know that others have filled the shard since.
        await using var connection = await OpenedAsync(new MemcachedShardLimits { Look = TimeSpan.FromMinutes(1) });
        var add = Operation(ShardVerb.Add, "1:victim", 1000, 0);
        await connection.RunAsync([add], CancellationToken.None);
        Assert.Equal(ShardStatus.Stored, add.Status);
        await FillToTheBrimAsync(1000);

        var set = Operation(ShardVerb.CompareAndSet, "1:victim", 1000, add.Token);
        await connection.RunAsync([set], CancellationToken.None);
        Assert.Equal(ShardStatus.Full, set.Status);
        Assert.Equal(ShardStatus.Miss, (await GetAllAsync(connection, [set]))[0].Status);
    }

    [Fact]
    public async Task An_opened_shard_has_room_again()
    {
        await using var connection = await OpenedAsync();
        await FillToTheBrimAsync(1000);
        await connection.OpenAsync("again", CancellationToken.None);
        Assert.False(connection.Fill.Figures!.IsTight);
        Assert.Equal(1, connection.Fill.Figures.Items);
        Assert.InRange((await FillAsync(connection, 1000, ShardStatus.NoRoom)).Count, 3000, int.MaxValue);
    }

    [Fact]
    public async Task Until_its_figures_are_known_a_shard_is_written_with_care()
    {
        await using var opened = await OpenedAsync();
        var stored = await FillAsync(opened, 1000, ShardStatus.NoRoom);
        await FillToTheBrimAsync(1000);

        // A pass before the first look.
        await using var connection = Connect();
        var pass = stored.ConvertAll(one => Operation(ShardVerb.CompareAndSet, one.CacheKey, 1000, one.Token));
        await connection.RunAsync(pass, CancellationToken.None);
        Assert.All(pass, one => Assert.Equal(ShardStatus.NoRoom, one.Status));
        Assert.All(await GetAllAsync(opened, stored), one => Assert.Equal(ShardStatus.Hit, one.Status));
    }

    [Theory]
    [InlineData("-M", "it evicts")]
    [InlineData("no_slab_reassign", "it moves slab pages")]
    public async Task A_memcached_that_could_lose_items_is_not_opened(string without, string why)
    {
        var port = Programs.FreePorts(1)[0];
        string[] arguments = ["-u", "nobody", "-l", "127.0.0.1", "-p", $"{port}", .. new[] { "-M", "-o", "no_slab_reassign" }.Where(part => part != without && !(without != "-M" && part == "-o"))];
        await using var service = ServiceProcess.Start(new ServiceCommand(Programs.Find("memcached")!, arguments));
        await using var connection = new MemcachedShardConnection("s1", $"127.0.0.1:{port}");
        var failure = await Assert.ThrowsAsync<ShardUnavailableException>(async () => await connection.OpenAsync("label", CancellationToken.None));
        Assert.Contains(why, failure.Message);
        Assert.Contains($"127.0.0.1:{port}", failure.Message);
    }

    [Fact]
    public async Task A_shard_that_is_not_there_cannot_be_opened_and_the_message_says_so()
    {
        await _server.KillAsync();
        await using var connection = new MemcachedShardConnection("s1", _server.Address, new MemcachedShardLimits { Connection = new MemcachedLimits { Pass = TimeSpan.FromMilliseconds(200) } });
        var failure = await Assert.ThrowsAsync<ShardUnavailableException>(async () => await connection.OpenAsync("label", CancellationToken.None));
        Assert.Contains("refused", failure.Message);
    }

    private static void Note(List<ShardOperation> pass, Dictionary<string, ulong> stored, HashSet<string> told)
    {
        foreach (var one in pass)
        {
            if (one.Status == ShardStatus.Stored)
            {
                stored[one.CacheKey] = one.Token;
            }
            else if (one.Status == ShardStatus.Full)
            {
                told.Add(one.CacheKey);
            }
            else
            {
                Assert.Equal(ShardStatus.NoRoom, one.Status);
            }
        }
    }

    private MemcachedShardConnection Connect(MemcachedShardLimits? limits = null) => new("s1", _server.Address, limits);

    private async Task<MemcachedShardConnection> OpenedAsync(MemcachedShardLimits? limits = null)
    {
        var connection = Connect(limits);
        await connection.OpenAsync("label", CancellationToken.None);
        return connection;
    }

    /// <summary>Adds items until one ends otherwise than stored; returns those that are.</summary>
    private static async Task<List<ShardOperation>> FillAsync(MemcachedShardConnection connection, int valueBytes, ShardStatus end)
    {
        var stored = new List<ShardOperation>();
        while (true)
        {
            var pass = Enumerable.Range(stored.Count, 100).Select(i => Operation(ShardVerb.Add, $"1:row{i:D6}", valueBytes)).ToList();
            await connection.RunAsync(pass, CancellationToken.None);
            stored.AddRange(pass.TakeWhile(one => one.Status == ShardStatus.Stored));
            if (pass.Find(one => one.Status != ShardStatus.Stored) is { } refused)
            {
                Assert.Equal(end, refused.Status);
                return stored;
            }
        }
    }

    /// <summary>Somebody who does not hold back takes all that is left for items of this size.</summary>
    private async Task FillToTheBrimAsync(int valueBytes)
    {
        await using var connection = new MemcachedConnection(MemcachedAddress.Parse(_server.Address));
        for (var number = 0; ; number++)
        {
            var add = new SinglePass(new MemcachedRequest(MemcachedVerb.AddKeeping, $"9:brim{number:D6}", new byte[valueBytes]));
            await connection.RunAsync(add);
            if (add.Status != MemcachedStatus.Stored)
            {
                Assert.Equal(MemcachedStatus.NoMemory, add.Status);
                return;
            }
        }
    }

    private static async Task<List<ShardOperation>> GetAllAsync(MemcachedShardConnection connection, List<ShardOperation> of)
    {
        var gets = of.ConvertAll(one => new ShardOperation { Verb = ShardVerb.Get, CacheKey = one.CacheKey });
        await connection.RunAsync(gets, CancellationToken.None);
        return gets;
    }

    private static ShardOperation Operation(ShardVerb verb, string key, int valueBytes, ulong token = 0) =>
        new() { Verb = verb, CacheKey = key, Value = new byte[valueBytes], Token = token };
}
