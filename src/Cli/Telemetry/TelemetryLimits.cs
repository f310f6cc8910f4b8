namespace Mjolnir.Cli.Telemetry;

/// <summary>Limits of tracing.</summary>
internal static class TelemetryLimits
{
    /// <summary>Calls a second, and at once, that a process traces because their callers do: five times the usual share of 4,000 transfers a second.</summary>
    public const int CallersTraces = 200;
}
