using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Services;

namespace Mjolnir.Memcached.Tests.Services;

public sealed class MemcachedServiceTests
{
    [Fact]
    public async Task A_port_in_use_is_said_clearly()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var failure = await Assert.ThrowsAsync<ServiceFailedException>(() => MemcachedService.StartAsync(new MemcachedServiceOptions { Port = port }, CancellationToken.None));

        Assert.Contains($"127.0.0.1:{port}", failure.Message);
        Assert.Contains("in use", failure.Message);
    }

    [Fact]
    public async Task A_port_that_another_memcached_holds_is_in_use_too()
    {
        await using var other = await MemcachedServer.StartAsync();
        var port = IPEndPoint.Parse(other.Address).Port;

        var failure = await Assert.ThrowsAsync<ServiceFailedException>(() => MemcachedService.StartAsync(new MemcachedServiceOptions { Port = port }, CancellationToken.None));

        Assert.Contains("in use", failure.Message);
    }

    [Fact]
    public async Task A_socket_that_another_memcached_holds_is_not_taken_over()
    {
        using var folder = FolderForAll();
        var options = new MemcachedServiceOptions { Socket = folder.At("shard.sock") };
        await using var first = await MemcachedService.StartAsync(options, CancellationToken.None);

        var failure = await Assert.ThrowsAsync<ServiceFailedException>(() => MemcachedService.StartAsync(options, CancellationToken.None));

        Assert.Contains(options.Socket, failure.Message);
        Assert.False(first.Exited.IsCompleted);
    }

    [Fact]
    public async Task A_socket_file_left_behind_by_a_killed_one_is_no_obstacle()
    {
        using var folder = FolderForAll();
        var options = new MemcachedServiceOptions { Socket = folder.At("shard.sock") };
        var first = await MemcachedService.StartAsync(options, CancellationToken.None);
        await first.DisposeAsync();

        await using var second = await MemcachedService.StartAsync(options, CancellationToken.None);

        Assert.Equal(options.Socket, second.Address);
    }

    [Fact]
    public async Task It_neither_evicts_nor_moves_pages_and_is_gone_when_disposed()
    {
        int id;
        await using (var server = await MemcachedServer.StartAsync())
        {
            id = server.Id;
            var line = await File.ReadAllTextAsync($"/proc/{id}/cmdline");
            Assert.Contains("\0-M\0", line);
            Assert.Contains("no_slab_reassign", line);
            Assert.DoesNotContain("Uid:\t0", await File.ReadAllTextAsync($"/proc/{id}/status"));
        }

        Assert.Throws<ArgumentException>(() => Process.GetProcessById(id));
    }

    /// <summary>memcached runs as a user of its own when the tests run as root.</summary>
    private static TestFolder FolderForAll()
    {
        var folder = new TestFolder();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        }

        return folder;
    }
}
