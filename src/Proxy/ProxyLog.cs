using Microsoft.Extensions.Logging;

namespace Mjolnir.Proxy;

/// <summary>What the proxy logs. Never a cookie, body, query or name of a user.</summary>
internal static partial class ProxyLog
{
    [LoggerMessage(1, LogLevel.Information, "Proxy listening on port {Port} ({Kind}).")]
    public static partial void Listening(ILogger log, int port, string kind);

    [LoggerMessage(2, LogLevel.Warning, "Server {Server} at {Url} is down: {Reason}")]
    public static partial void ServerDown(ILogger log, string server, Uri url, string reason);

    [LoggerMessage(3, LogLevel.Information, "Server {Server} at {Url} is {State}.")]
    public static partial void ServerUp(ILogger log, string server, Uri url, string state);

    [LoggerMessage(4, LogLevel.Information, "{Application}: view {View}, {Servers} servers.")]
    public static partial void ClusterChanged(ILogger log, string application, long view, int servers);

    [LoggerMessage(5, LogLevel.Warning, "{Url} cannot tell of its cluster: {Reason}")]
    public static partial void ClusterUntold(ILogger log, Uri url, string reason);

    [LoggerMessage(6, LogLevel.Information, "Certificate {File} for {Names}, valid until {End:u}.")]
    public static partial void CertificateLoaded(ILogger log, string file, string names, DateTimeOffset end);

    [LoggerMessage(7, LogLevel.Error, "Certificate {File} changed and cannot be used; the one before is served on: {Reason}")]
    public static partial void CertificateBroken(ILogger log, string file, string reason);

    [LoggerMessage(8, LogLevel.Error, "A request failed unexpectedly: {Method} {Path}")]
    public static partial void RequestFaulted(ILogger log, Exception error, string method, string path);

    [LoggerMessage(9, LogLevel.Error, "The access log {File} cannot be written; its lines are dropped and counted: {Reason}")]
    public static partial void AccessLogFailed(ILogger log, string file, string reason);

    [LoggerMessage(10, LogLevel.Warning, "{Url} belongs to the application {Found}, not to {Expected}: it is not used.")]
    public static partial void OtherApplication(ILogger log, Uri url, string found, string expected);

    [LoggerMessage(11, LogLevel.Error, "Server {Server} gave an answer that cannot be passed on: {Reason}")]
    public static partial void AnswerBroken(ILogger log, string server, string reason);

    [LoggerMessage(12, LogLevel.Warning, "Changes of {Folder} are not told by the system; its certificates are looked at every {Seconds} s: {Reason}")]
    public static partial void NotWatched(ILogger log, string folder, double seconds, string reason);
}
