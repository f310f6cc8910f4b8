namespace Mjolnir.Proxy.Tests;

/// <summary>What the first callers of a proxy that starts meet.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task The_first_caller_of_a_proxy_that_comes_back_reaches_a_server()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        var limits = new ProxyLimits { FirstLook = TimeSpan.FromSeconds(30) };
        await using var proxy = await TestProxy.StartAsync(TestProxy.Options(cluster, limits), waitUntilReady: false);
        using var client = proxy.Client();
        Assert.Equal(200, (await TestProxy.CallAsync(client, """{"args":["a","b",1]}""")).Code);
    }

    /// <summary>A server takes calls before others hear of it: it was taken for not ready again with each change of the cluster until they did.</summary>
    [Fact]
    public async Task A_server_that_takes_calls_is_used_though_others_do_not_yet_tell_that_it_does()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        cluster.Change(static cluster => cluster.NotReady.UnionWith(["s1", "s2"]));
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        for (var changes = 0; changes < 20; changes++)
        {
            cluster.Change(static cluster => cluster.GiveAllTo("s1"));
            await Task.Delay(5);
            Assert.Equal(200, (await TestProxy.CallAsync(client, """{"args":["a","b",1]}""")).Code);
        }
    }

    [Fact]
    public async Task Without_servers_it_listens_all_the_same_and_says_so()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        cluster.Servers[0].IsReady = false;
        await using var proxy = await TestProxy.StartAsync(TestProxy.Options(cluster), waitUntilReady: false);
        using var client = proxy.Client();
        var (code, _, response) = await TestProxy.CallAsync(client, """{"args":["a","b",1]}""");
        Assert.Equal(503, code);
        Assert.NotNull(response.Headers.RetryAfter);
    }
}
