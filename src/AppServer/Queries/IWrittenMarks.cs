using Mjolnir.Core.Envelopes;

namespace Mjolnir.AppServer.Queries;

/// <summary>What was written elsewhere than at this server. Implementations: none elsewhere (one process), the servers of a cluster.</summary>
public interface IWrittenMarks
{
    /// <summary>Per log the last batch that is durable just now, of all logs whose transactions may have been answered; null if that cannot be known in time.</summary>
    ValueTask<IReadOnlyList<Stamp>?> DurableAsync(CancellationToken cancellationToken);

    /// <summary>The batches that a user's transactions at other servers are in, as far as their indexes may lack them.</summary>
    ValueTask<WrittenElsewhere> WrittenAsync(string user, CancellationToken cancellationToken);
}

/// <summary>What a user wrote at other servers.</summary>
/// <param name="Stamps">per log the last batch</param>
/// <param name="IsWhole">false if there may be more: a server could not be asked</param>
public readonly record struct WrittenElsewhere(IReadOnlyList<Stamp> Stamps, bool IsWhole)
{
    /// <summary>Nothing.</summary>
    public static WrittenElsewhere Nothing { get; } = new([], true);
}

/// <summary>All servers are in this process.</summary>
/// <param name="durable">per log the last batch that is durable just now</param>
public sealed class NothingElsewhere(Func<IReadOnlyList<Stamp>> durable) : IWrittenMarks
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Stamp>?> DurableAsync(CancellationToken cancellationToken) => new(durable());

    /// <inheritdoc/>
    public ValueTask<WrittenElsewhere> WrittenAsync(string user, CancellationToken cancellationToken) => new(WrittenElsewhere.Nothing);
}
