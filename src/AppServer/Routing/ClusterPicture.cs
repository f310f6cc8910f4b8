using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;

namespace Mjolnir.AppServer.Routing;

/// <summary>An app server as the others know it.</summary>
/// <param name="Name">the V-stack's name</param>
/// <param name="Run">its process's run</param>
/// <param name="Http">where it serves HTTP</param>
/// <param name="Peer">where it takes calls of other servers</param>
/// <param name="IsReady">it takes calls, and was heard lately</param>
public sealed record KnownServer(string Name, string Run, string Http, string Peer, bool IsReady);

/// <summary>Which server is beside which slot, and which servers there are. Immutable; a newer one replaces it.</summary>
public sealed class ClusterPicture
{
    private readonly string[] _ownerOfSlot = new string[Slots.Count];
    private readonly TaskCompletionSource _superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ClusterPicture(string version, ClusterView view, IReadOnlyList<KnownServer> servers)
    {
        Version = version;
        View = view;
        Servers = servers;
        foreach (var range in view.Slots)
        {
            _ownerOfSlot.AsSpan(range.First, range.Last - range.First + 1).Fill(view.Shards[range.Shard].Name);
        }
    }

    /// <summary>Opaque; another picture has another one.</summary>
    public string Version { get; }

    /// <summary>The view that this server uses.</summary>
    public ClusterView View { get; }

    /// <summary>The servers heard of, this one included, by name.</summary>
    public IReadOnlyList<KnownServer> Servers { get; }

    /// <summary>Completes when a newer picture is there.</summary>
    public Task Superseded => _superseded.Task;

    /// <summary>The server beside a slot.</summary>
    public string OwnerOf(int slot) => _ownerOfSlot[slot];

    internal void Supersede() => _superseded.TrySetResult();
}
