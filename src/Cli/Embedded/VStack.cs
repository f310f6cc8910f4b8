using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Status;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Cli.Embedded;

/// <summary>One V-stack of this process: a server beside a shard.</summary>
internal sealed record VStack(string Name, EmbeddedShard Shard, TransactionServer Server, EmbeddedLogEpochs Epochs, LogWorkers Workers)
{
    public StackFigures Figures()
    {
        var (counters, shard) = (Server.Counters, Shard.Statistics);
        return new StackFigures
        {
            Name = Name,
            Log = Epochs.Current,
            Committed = counters.Committed,
            Aborted = counters.Aborted,
            Attempts = counters.Attempts,
            Conflicts = counters.Conflicts,
            HandedOver = counters.HandedOver,
            Refused = counters.Refused,
            Batches = counters.Batches,
            Records = counters.Records,
            LogBytes = counters.LogBytes,
            CacheOperations = counters.ShardOperations,
            CacheItems = shard.Items,
            CacheBytes = shard.Bytes,
            StoreReads = counters.StoreReads,
            Backlog = Workers.Backlog(Epochs.Current),
        };
    }
}
