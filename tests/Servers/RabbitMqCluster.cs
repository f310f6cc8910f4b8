using System.Security.Cryptography;
using Mjolnir.Running;
using Mjolnir.Services;

namespace Mjolnir.Servers;

/// <summary>Three real RabbitMQ nodes that are one cluster, on this machine.</summary>
public sealed class RabbitMqCluster : IAsyncDisposable
{
    private static readonly string[] Names = ["a", "b", "c"];
    private readonly TestFolder _folder = new();
    private readonly ErlangPortMapper _portMapper = ErlangPortMapper.Start();

    /// <summary>Its nodes.</summary>
    public IReadOnlyList<RabbitMqService> Nodes { get; private set; } = [];

    /// <summary>How to connect to whichever node answers, credentials included.</summary>
    public string Url => string.Join(',', Nodes.Select((node, at) => at == 0 ? node.Url : $"127.0.0.1:{node.Port}"));

    /// <summary>Starts them together; they are one cluster when it returns.</summary>
    public static async Task<RabbitMqCluster> StartAsync()
    {
        var cluster = new RabbitMqCluster();
        try
        {
            var (cookie, password) = (RandomNumberGenerator.GetHexString(32), RandomNumberGenerator.GetHexString(32));
            cluster.Nodes = await Task.WhenAll(Names.Select(name => RabbitMqService.StartAsync(
                new(cluster._folder.At(name)) { Name = name, Cluster = Names, PortMapper = cluster._portMapper, Cookie = cookie, Password = password },
                CancellationToken.None)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        await _portMapper.DisposeAsync();
        _folder.Dispose();
    }
}
