using System.Text.Json;
using Mjolnir.AppServer.Http;
using Mjolnir.Cli.Embedded;

namespace Mjolnir.Cli.Status;

/// <summary>Gathers what <c>/_mjolnir/status</c> tells.</summary>
internal sealed class StatusReader(EmbeddedStack stack, ApplicationSlot applications, TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();

    /// <summary>Writes the figures as properties of the object already begun.</summary>
    public void Write(Utf8JsonWriter json)
    {
        foreach (var property in JsonSerializer.SerializeToElement(Read(), StatusJson.Default.StatusFigures).EnumerateObject())
        {
            property.WriteTo(json);
        }
    }

    public StatusFigures Read()
    {
        var stacks = stack.Figures();
        return new StatusFigures
        {
            Application = applications.Current.Name,
            Version = applications.Current.Version,
            Mode = "embedded",
            UptimeSeconds = time.GetElapsedTime(_began).TotalSeconds,
            Warm = stack.IsWarm,
            Process = ProcessReader.Read(),
            Total = stacks.Aggregate(StackFigures.Sum),
            Stacks = stacks,
            Violations = ViolationFigures.Of(stack.Alarms),
            Indexes = [.. stack.Indexer.Progress.Select(IndexFigures.Of)],
            Audit = AuditStatus.Of(stack.Auditor.Figures, stack.AuditRequests),
        };
    }
}
