namespace Mjolnir.Storage.Shards;

/// <summary>A shard cannot be opened: it is not reached, or it is not run as a shard must be. The message is for operators.</summary>
public sealed class ShardUnavailableException(string message) : Exception(message);
