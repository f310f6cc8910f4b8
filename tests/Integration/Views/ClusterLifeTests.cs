using System.Diagnostics;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Servers;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind.Views;
using Xunit.Abstractions;

namespace Mjolnir.Integration.Tests.Views;

/// <summary>Workers and keeper as they are, over the three real servers; times are the usual ones.</summary>
public sealed class ClusterLifeTests(ITestOutputHelper output)
{
    private static readonly string[] Names = [.. Enumerable.Range(0, 500).Select(i => $"user{i}")];

    [Fact]
    public async Task Two_shards_are_opened_and_filled_a_restarted_one_anew_and_a_dead_server_and_worker_are_replaced()
    {
        await using var first = await MemcachedServer.StartAsync();
        await using var second = await MemcachedServer.StartAsync();
        await using var cluster = await RealCluster.StartAsync();
        var one = await cluster.StartWriteBehindAsync("s1");
        await cluster.StartWriteBehindAsync("s2");
        var s1 = await StartServerAsync(cluster, "s1", first);
        var s2 = await StartServerAsync(cluster, "s2", second);
        try
        {
            // 1. Both become a view, labelled and warm.
            var view = await cluster.ActiveAsync(view => view.Shards.Count == 2);
            Assert.Equal(view.Shards[0].Label, await RealCluster.GetAsync(first, IShardConnection.LabelKey));
            Assert.Equal(view.Shards[1].Label, await RealCluster.GetAsync(second, IShardConnection.LabelKey));
            await s1.WriteAsync([.. Names.Select(name => Put(name, 1, 1)).OrderBy(put => put.Key)]);

            // 2. A memcached is killed and started again: opened anew with all that is stored, and the other one left alone.
            var watch = Stopwatch.StartNew();
            await second.RestartAsync();
            var healed = await cluster.ActiveAsync(next => next.Number > view.Number && next.Shards.Count == 2);
            output.WriteLine($"a restarted memcached is open again after {watch.ElapsedMilliseconds} ms");
            Assert.Equal(view.Shards[0], healed.Shards[0]);
            Assert.Equal(healed.Shards[1].Label, await RealCluster.GetAsync(second, IShardConnection.LabelKey));
            await cluster.EventuallyAsync(() => Task.FromResult(cluster.Beats.Any(beat => beat.Warm.Any(warm => warm.Label == healed.Shards[1].Label))));
            output.WriteLine($"and warm after {watch.ElapsedMilliseconds} ms");
            var held = Names.Where(name => RangeOf(healed, name).Shard == 1).ToArray();
            Assert.True(held.Length > 100);
            foreach (var name in held.Take(20))
            {
                Assert.NotNull(await RealCluster.GetAsync(second, $"{RangeOf(healed, name).Since}:{Key(name)}"));
            }

            // 3. The keeper's process dies with its worker: the other one stores and keeps the view.
            await s1.WriteAsync(Put("user0", 2, 2));
            await one.DisposeAsync();
            watch.Restart();
            await s1.WriteAsync(Put("user0", 3, 3));
            await cluster.EventuallyAsync(async () => (await (await StoredRows.OpenAsync(cluster.Store, CancellationToken.None)).FindAsync(Key("user0"), CancellationToken.None))?.Version == 3);
            output.WriteLine($"a dead worker's log is stored by another after {watch.ElapsedMilliseconds} ms");

            // 4. A server dies: its log is sealed and everything in it stored.
            var log = s2.Log;
            await s2.WriteAsync(Put("zoe", 1, 9));
            await s2.DisposeAsync();
            watch.Restart();
            await cluster.EventuallyAsync(async () => await new LogManifest(cluster.Store).SealedWatermarkAsync(log, CancellationToken.None) is not null);
            output.WriteLine($"a silent server's log is sealed after {watch.ElapsedMilliseconds} ms");
            Assert.NotNull(await (await StoredRows.OpenAsync(cluster.Store, CancellationToken.None)).FindAsync(Key("zoe"), CancellationToken.None));
            Assert.Empty(cluster.Faults);
        }
        finally
        {
            await s1.DisposeAsync();
            await s2.DisposeAsync();
            foreach (var report in cluster.Reports)
            {
                output.WriteLine(report);
            }
        }
    }

    [Fact]
    public async Task The_queue_that_a_killed_server_had_declared_ahead_goes_when_it_does_not_come_back()
    {
        await using var first = await MemcachedServer.StartAsync();
        var second = await MemcachedServer.StartAsync();
        await using var cluster = await RealCluster.StartAsync();
        await cluster.StartWriteBehindAsync("s1", new KeeperLimits { RegistryLook = TimeSpan.FromSeconds(1), SpareAfter = TimeSpan.FromSeconds(3) });
        var looking = await cluster.JoinAsync("looking");
        var s1 = await StartServerAsync(cluster, "s1", first);
        var s2 = await StartServerAsync(cluster, "s2", second);
        await cluster.ActiveAsync(view => view.Shards.Count == 2);
        await looking.Broker.DeclareAsync("s2.2", CancellationToken.None);

        await s2.DisposeAsync();
        await second.DisposeAsync();
        await cluster.EventuallyAsync(async () => await new LogManifest(cluster.Store).SealedWatermarkAsync("s2.2", CancellationToken.None) == 0);
        await cluster.EventuallyAsync(async () => (await looking.Broker.ListAsync(["s2.2"], CancellationToken.None)).Count == 0);

        await s1.WriteAsync(Put("user0", 1, 1));
        Assert.Equal("s1.1", s1.Log);
        await s1.DisposeAsync();
        Assert.Empty(cluster.Faults);
    }

    private static async Task<PlainPublisher> StartServerAsync(RealCluster cluster, string name, MemcachedServer shard)
    {
        var server = new PlainPublisher(cluster, await cluster.JoinAsync($"{name}-app"), name, shard.Address, []);
        await server.StartAsync();
        return server;
    }

    private static RowKey Key(string name) => RowKey.TryCreate("bank", "users", name, out var key) ? key : throw new ArgumentException(name);

    private static BatchRecord Put(string name, long version, int value) => new(Key(name), version, RowState.Present, Document.FromText($"{{\"v\":{value}}}"));

    private static SlotRange RangeOf(ClusterView view, string name) => view.Slots.Single(range => range.First <= Slots.Of(Key(name)) && Slots.Of(Key(name)) <= range.Last);
}
