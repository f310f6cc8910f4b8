using Mjolnir.Storage.Indexes;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Indexer.Running;

/// <summary>What the indexer of an application works with.</summary>
public sealed class IndexerParts
{
    /// <summary>Where readers find pages and heads.</summary>
    public required IIndexPages Pages { get; init; }

    /// <summary>The rows, and what was missed of logs.</summary>
    public required IObjectStore Store { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Has what the workers have consumed so far stored, without waiting for company: a snapshot taken then lacks nothing that was not offered.</summary>
    public Func<CancellationToken, Task> StoreConsumed { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Told of a table's fault each time its writer has to start over for it. From any thread.</summary>
    public required Action<string, Exception> Failed { get; init; }

    /// <summary>Told, by application and table, when indexes have other entries than before. From any thread: it must be quick.</summary>
    public Action<string, string> Changed { get; init; } = static (_, _) => { };

    /// <summary>Bytes of rows that wait for a table's writer at most: some seconds of the fastest writers. What is beyond is read from the store.</summary>
    public long InboxBytes { get; init; } = 64 << 20;
}
