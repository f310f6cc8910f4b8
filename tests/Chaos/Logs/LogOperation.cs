namespace Mjolnir.Chaos.Logs;

/// <summary>What is asked of the logs.</summary>
public enum LogVerb
{
    Declare,
    OpenPublisher,
    OpenConsumer,
    Publish,
    Read,
    Acknowledge,
    Unbind,
    SendSealMarker,
    Delete,
}

/// <summary>One call.</summary>
/// <param name="Verb">what is asked</param>
/// <param name="Log">the log</param>
/// <param name="Message">the message of a publish; else empty</param>
/// <param name="Delivery">what an acknowledgement acknowledges; else 0</param>
public sealed record LogOperation(LogVerb Verb, string Log, ReadOnlyMemory<byte> Message = default, long Delivery = 0);
