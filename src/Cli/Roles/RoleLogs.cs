using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Mjolnir.Cli.Configuration;

namespace Mjolnir.Cli.Roles;

/// <summary>Where a role logs: lines for people, or one JSON object a line with <c>Logs:Format</c> <c>json</c>.</summary>
internal static class RoleLogs
{
    public static ILoggerFactory Create(LogsSection section) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning);
        if (section.Format == LogFormat.Json)
        {
            builder.AddJsonConsole(options => options.UseUtcTimestamp = true);
        }
        else
        {
            builder.AddSimpleConsole(options =>
            {
                (options.SingleLine, options.UseUtcTimestamp, options.TimestampFormat) = (true, true, "HH:mm:ss.fff ");
                options.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }
    });
}
