using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Mjolnir.Cli.Roles;

/// <summary>Where a role logs: lines for people, or one JSON object a line with <c>Mjolnir__LogFormat=json</c>.</summary>
internal static class RoleLogs
{
    private const string FormatVariable = "Mjolnir__LogFormat";

    public static ILoggerFactory Create() => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning);
        if (Environment.GetEnvironmentVariable(FormatVariable) == "json")
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
