using System.Net;
using Mjolnir.Servers;

namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>The local S3 that tests and one machine's clusters use.</summary>
public sealed class CephServiceTests
{
    [Fact]
    public async Task It_answers_at_the_same_address_with_the_same_keys_after_kill_and_restart_and_leaves_no_process()
    {
        await using var server = await S3Server.StartAsync();
        var (endpoint, access, secret, processes) = (server.Ceph.Endpoint, server.Ceph.AccessKey, server.Ceph.SecretKey, server.Ceph.ProcessIds);
        Assert.Equal(3, processes.Count);
        await server.KillAndRestartAsync();
        Assert.All(processes, process => Assert.False(Directory.Exists($"/proc/{process}")));
        Assert.Equal((endpoint, access, secret), (server.Ceph.Endpoint, server.Ceph.AccessKey, server.Ceph.SecretKey));
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(endpoint)).StatusCode);
        var last = server.Ceph.ProcessIds;
        await server.Ceph.StopAsync();
        Assert.All(last, process => Assert.False(Directory.Exists($"/proc/{process}")));
    }
}
