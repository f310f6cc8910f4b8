using Microsoft.Extensions.Logging;

namespace Mjolnir.AppServer.Http;

/// <summary>What the front logs. Never a cookie, password, body, id or name of a user.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(1, LogLevel.Error, "The call of {Handler} ended in an unexpected error; its outcome is unknown to the caller.")]
    public static partial void CallFaulted(ILogger log, Exception error, string handler);

    [LoggerMessage(2, LogLevel.Error, "A request failed unexpectedly: {Method} {Path}")]
    public static partial void RequestFaulted(ILogger log, Exception error, string method, string path);

    [LoggerMessage(3, LogLevel.Warning, "{Position}: {Message}")]
    public static partial void TemplateFailed(ILogger log, string position, string message);

    [LoggerMessage(4, LogLevel.Error, "Files could not be compressed; they are served as they are.")]
    public static partial void CompressionFaulted(ILogger log, Exception error);

    [LoggerMessage(5, LogLevel.Information, "Serving {Application} at {Url}")]
    public static partial void Started(ILogger log, string application, Uri url);

    [LoggerMessage(6, LogLevel.Error, "A live page could not be brought up to date.")]
    public static partial void LiveRenderFaulted(ILogger log, Exception error);

    [LoggerMessage(7, LogLevel.Debug, "A WebSocket ended: {Reason}")]
    public static partial void LiveEnded(ILogger log, string reason);

    [LoggerMessage(8, LogLevel.Error, "A WebSocket failed unexpectedly.")]
    public static partial void LiveFaulted(ILogger log, Exception error);
}
