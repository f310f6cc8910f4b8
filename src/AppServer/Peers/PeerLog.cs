using Microsoft.Extensions.Logging;

namespace Mjolnir.AppServer.Peers;

/// <summary>What links log. Never a call's content or a secret.</summary>
internal static partial class PeerLog
{
    [LoggerMessage(1, LogLevel.Information, "Linked to {Server} at {Address}.")]
    public static partial void Linked(ILogger log, string server, string address);

    [LoggerMessage(2, LogLevel.Warning, "No link to {Server} at {Address}: {Reason}. Calls for its rows are run here meanwhile.")]
    public static partial void NoLink(ILogger log, string server, string address, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The link to {Server} ended: {Reason}")]
    public static partial void LinkEnded(ILogger log, string server, string reason);

    [LoggerMessage(4, LogLevel.Warning, "A peer from {Address} was refused: {Reason}")]
    public static partial void Refused(ILogger log, string address, string reason);

    [LoggerMessage(5, LogLevel.Information, "{Server} may pass calls to this server.")]
    public static partial void Accepted(ILogger log, string server);

    [LoggerMessage(6, LogLevel.Error, "The call of {Handler} that another server passed on ended in an unexpected error; its outcome is unknown to the caller.")]
    public static partial void CallFaulted(ILogger log, Exception error, string handler);

    [LoggerMessage(7, LogLevel.Error, "A connection of another server could not be taken.")]
    public static partial void AcceptFailed(ILogger log, Exception error);
}
