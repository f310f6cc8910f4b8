namespace Mjolnir.Core.Envelopes;

/// <summary>
/// Who made a version: batch <paramref name="Batch"/> of log <paramref name="Log"/>. Provisional until the queue confirmed that batch,
/// then durable; void if the log is sealed below it.
/// </summary>
/// <param name="Log">the log's name, <c>server.epoch</c>, never reused</param>
/// <param name="Batch">the number of the batch in its log, from 1</param>
public readonly record struct Stamp(string Log, long Batch)
{
    /// <summary>The stamp of what no batch wrote: an absent row.</summary>
    public static readonly Stamp None = new("", 0);

    /// <inheritdoc/>
    public override string ToString() => $"{Log}:{Batch}";
}
