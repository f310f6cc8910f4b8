using System.Collections.Concurrent;
using Mjolnir.Servers;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>The local S3 that tests and one machine's clusters use.</summary>
public sealed class CephServiceTests
{
    [Fact]
    public async Task Killed_under_load_and_started_again_it_has_every_acknowledged_object_at_the_same_address_for_the_same_client()
    {
        await using var server = await S3Server.StartAsync();
        using var store = await server.NewStoreAsync();
        var (endpoint, processes) = (server.Ceph.Endpoint, server.Ceph.ProcessIds);
        Assert.Equal(3, processes.Count);
        using var stop = new CancellationTokenSource();
        var created = new ConcurrentBag<string>();
        var creating = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => CreateAsync(store, writer, created, stop.Token)));
        while (created.Count < 200)
        {
            await Task.Delay(10);
        }

        await server.KillAndRestartAsync();
        var before = created.Count;
        while (created.Count < before + 10)
        {
            await Task.Delay(10);
        }

        await stop.CancelAsync();
        await creating;
        Assert.All(processes, process => Assert.False(Directory.Exists($"/proc/{process}")));
        Assert.Equal(endpoint, server.Ceph.Endpoint);
        Assert.Empty(created.Except(await store.ListAsync("", null, CancellationToken.None).ToListAsync()));
        Assert.Equal(created.Count, created.Distinct().Count());
        var last = server.Ceph.ProcessIds;
        await server.Ceph.StopAsync();
        Assert.All(last, process => Assert.False(Directory.Exists($"/proc/{process}")));
    }

    private static async Task CreateAsync(S3ObjectStore store, int writer, ConcurrentBag<string> created, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var name = $"{writer}/{number:D8}";
            try
            {
                if (await store.CreateSettledAsync(name, new byte[100], CancellationToken.None) == CreateOutcome.Created)
                {
                    created.Add(name);
                }
            }
            catch (StoreUnavailableException)
            {
                // An outage: the next name is tried a little later.
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }
}
