using Mjolnir.Cli.Configuration;
using Mjolnir.Core.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Mjolnir.Cli.Telemetry;

/// <summary>Sends a process's spans to a collector, as OTLP over HTTP. A collector that is away costs its spans and nothing else: they wait in a bounded queue, then are dropped.</summary>
internal static class TraceExport
{
    private const string Path = "v1/traces";

    /// <summary>Null if no collector is named: then nobody listens to spans, and none are made.</summary>
    /// <param name="telemetry">where to, and what share</param>
    /// <param name="role">the process's role</param>
    /// <param name="name">its V-stack; empty for a proxy</param>
    /// <returns>to be disposed of last: what is not sent yet is sent then</returns>
    public static IDisposable? Start(TelemetrySection telemetry, string role, string name)
    {
        if (telemetry.Endpoint.Length == 0)
        {
            return null;
        }

        var endpoint = new Uri(telemetry.Endpoint);
        return Sdk.CreateTracerProviderBuilder()
            .AddSource(Tracing.SourceName)
            .SetSampler(new TraceSampler(telemetry.Sample, TimeProvider.System))
            .ConfigureResource(resource => resource.AddService($"mjolnir-{role}", serviceInstanceId: name.Length > 0 ? name : null))
            .AddOtlpExporter(options =>
            {
                options.Protocol = OtlpExportProtocol.HttpProtobuf;
                options.Endpoint = endpoint.AbsolutePath == "/" ? new Uri(endpoint, Path) : endpoint;
            })
            .Build();
    }
}
