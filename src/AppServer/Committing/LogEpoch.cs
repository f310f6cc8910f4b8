using Mjolnir.Storage.Logs;

namespace Mjolnir.AppServer.Committing;

/// <summary>One run of this server's log: its sending end, its numbers and its lease.</summary>
internal sealed class LogEpoch(ILogPublisher publisher, TimeProvider time, TimeSpan lease, SuspendedRule suspended = SuspendedRule.None)
{
    private long _confirmedSentAt;
    private bool _confirmed;

    public string Log => publisher.Log;

    /// <summary>The number of the next batch to publish.</summary>
    public long Next { get; private set; } = 1;

    /// <summary>The durable watermark.</summary>
    public long Durable { get; private set; }

    /// <summary>Bytes published and confirmed.</summary>
    public long Bytes { get; private set; }

    /// <summary>True while answers may leave: the newest confirmed message was sent less than the lease ago (V10).</summary>
    public bool LeaseIsFresh => _confirmed && (time.GetElapsedTime(_confirmedSentAt) < lease || suspended == SuspendedRule.V10);

    /// <summary>Publishes the next batch. A confirm that comes later than the lease after sending counts as unknown (V9).</summary>
    public async ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var sentAt = time.GetTimestamp();
        var outcome = await publisher.PublishAsync(message, cancellationToken);
        if (outcome != PublishOutcome.Confirmed)
        {
            return outcome;
        }

        if (time.GetElapsedTime(sentAt) >= lease && suspended != SuspendedRule.V9)
        {
            return PublishOutcome.Unknown;
        }

        _confirmedSentAt = sentAt;
        _confirmed = true;
        Durable = Next++;
        Bytes += message.Length;
        return outcome;
    }

    public ValueTask CloseAsync() => publisher.DisposeAsync();
}
