namespace Mjolnir.Services;

/// <summary>A RabbitMQ node that this machine runs for itself, on loopback only.</summary>
/// <param name="Folder">holds its data, its credentials and its cookie; a node started again on it has everything that was confirmed</param>
public sealed record RabbitMqSettings(string Folder)
{
    /// <summary>The AMQP port; 0: a free one, which the node keeps when it is started again by <see cref="RabbitMqService.RestartAsync"/>.</summary>
    public int Port { get; init; }

    /// <summary>The node's name: letters and digits. It is part of what its data belongs to, so a folder stays with its name.</summary>
    public string Name { get; init; } = "mjolnir";

    /// <summary>The names of all nodes of the cluster that it belongs to; empty: it is alone. They must share <see cref="PortMapper"/>, <see cref="Cookie"/> and <see cref="Password"/>.</summary>
    public IReadOnlyList<string> Cluster { get; init; } = [];

    /// <summary>Erlang's port mapper for several nodes; null: one of its own. Not stopped by the node.</summary>
    public ErlangPortMapper? PortMapper { get; init; }

    /// <summary>The secret that nodes and tools share; null: made at random and kept in the folder.</summary>
    public string? Cookie { get; init; }

    /// <summary>The password of the user <c>mjolnir</c>, given to it when the folder is new; null: made at random and kept in the folder.</summary>
    public string? Password { get; init; }

    /// <summary>Memory in MB above which publishers are blocked.</summary>
    public int MemoryMegabytes { get; init; } = RabbitMqLimits.MemoryMegabytes;

    /// <summary>Called with each line of its output; null: kept only to explain a failed start.</summary>
    public Action<string>? Output { get; init; }
}
