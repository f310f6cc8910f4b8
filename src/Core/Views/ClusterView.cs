using System.Text.Json.Serialization;

namespace Mjolnir.Core.Views;

/// <summary>A shard as a view describes it.</summary>
/// <param name="Name">the shard's name, that of its V-stack (<c>s1</c>)</param>
/// <param name="Label">random id that the shard bears while it holds what this view says; another label means lost memory (V5)</param>
/// <param name="Address">where it is reached: <c>host:port</c> or a socket's path; null for a shard in the process itself</param>
public sealed record ShardDescription(string Name, string Label, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Address = null);

/// <summary>The slots that one shard holds.</summary>
/// <param name="First">first slot</param>
/// <param name="Last">last slot, included</param>
/// <param name="Shard">index into <see cref="ClusterView.Shards"/></param>
/// <param name="Since">the view that gave these slots to this shard: the prefix of their cache keys (V6)</param>
public sealed record SlotRange(int First, int Last, int Shard, long Since);

/// <summary>A numbered, immutable description of the cluster. Number v is made once (create-if-absent) and opened at most once (V8).</summary>
/// <param name="Number">from 1</param>
/// <param name="Shards">the shards with their labels</param>
/// <param name="Slots">which shard holds which slots; ranges in order, together all slots</param>
/// <param name="Logs">the logs that were live when it was made</param>
public sealed record ClusterView(long Number, IReadOnlyList<ShardDescription> Shards, IReadOnlyList<SlotRange> Slots, IReadOnlyList<string> Logs);
