using Microsoft.Extensions.Logging;
using Mjolnir.Core.Violations;

namespace Mjolnir.Cli.Roles;

/// <summary>What the roles log.</summary>
internal static partial class RoleLog
{
    [LoggerMessage(1, LogLevel.Information, "{Process} runs as {Run}, cluster {Cluster}")]
    public static partial void Starting(ILogger log, string process, string run, string cluster);

    [LoggerMessage(2, LogLevel.Warning, "{What}")]
    public static partial void Troubled(ILogger log, string what);

    [LoggerMessage(3, LogLevel.Information, "Keeper: {What}")]
    public static partial void Keeper(ILogger log, string what);

    [LoggerMessage(4, LogLevel.Error, "The keeper of the view stopped on a broken rule or damaged data, and begins anew")]
    public static partial void KeeperFailed(ILogger log, Exception fault);

    [LoggerMessage(5, LogLevel.Critical, "Work on log {WorkedLog} stopped for good: nothing of it is guessed over, and nothing of it is lost. Its batches stay in the queue. {Kind}: {What}")]
    public static partial void LogFailed(ILogger log, string workedLog, string kind, string what, Exception fault);

    [LoggerMessage(6, LogLevel.Error, "The script engine failed on {What}")]
    public static partial void EngineFailed(ILogger log, string what, Exception fault);

    [LoggerMessage(7, LogLevel.Critical, "The server stopped on a broken rule; a restart recovers")]
    public static partial void ServerFailed(ILogger log, Exception fault);

    [LoggerMessage(8, LogLevel.Information, "Seeding {Table}: {Done} of {Total} rows")]
    public static partial void Seeding(ILogger log, string table, int done, int total);

    [LoggerMessage(10, LogLevel.Critical, "Broken rule at {Part}, {Kind}: {What}")]
    private static partial void Violated(ILogger log, string part, string kind, string what);

    [LoggerMessage(11, LogLevel.Error, "The auditor failed; nothing is harmed, and its next round begins anew")]
    public static partial void AuditorFailed(ILogger log, Exception fault);

    /// <summary>Counts a broken rule, and logs it if it is a new one.</summary>
    public static void Raise(ILogger log, Alarms alarms, Violation violation)
    {
        if (alarms.Raise(violation))
        {
            Violated(log, violation.Part, Alarms.NameOf(violation.Kind), violation.What);
        }
    }

    /// <summary>Counts a fault, and logs it, if it is a broken rule or damage.</summary>
    public static void RaiseIfAny(ILogger log, Alarms alarms, string part, Exception fault)
    {
        if (Violation.Is(fault))
        {
            Raise(log, alarms, Violation.Of(part, fault));
        }
    }

    [LoggerMessage(12, LogLevel.Information, "Unique indexes: {What}")]
    public static partial void Unique(ILogger log, string what);

    [LoggerMessage(9, LogLevel.Error, "Compaction failed; the store is not harmed, and it is tried again")]
    public static partial void CompactionFailed(ILogger log, Exception fault);

    [LoggerMessage(10, LogLevel.Information, "{What} {Milliseconds} ms after the start")]
    public static partial void Reached(ILogger log, string what, long milliseconds);

    [LoggerMessage(11, LogLevel.Warning, "Waiting: {What}")]
    public static partial void Waits(ILogger log, string what);
}
