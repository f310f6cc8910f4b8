using Mjolnir.Cli.Status;
using Mjolnir.Services.Supervision;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mjolnir.Cli.Up;

/// <summary>A cluster on this machine as tables: its processes, and what the servers tell.</summary>
internal sealed class UpTable(Uri url, TimeProvider time)
{
    private readonly ProcessUse _use = new(time);
    private readonly ClusterTables _cluster = new(time);

    public IRenderable Of(ClusterLook look) => new Rows(Processes(look), _cluster.Stacks(look.Status));

    private Table Processes(ClusterLook look)
    {
        var table = new Table().RoundedBorder().Title(Markup.Escape($"{url}   (Ctrl-C stops everything)"))
            .AddColumns("process", "pid", "state", "restarts", "CPU %", "MB", "address");
        foreach (var service in look.Services)
        {
            var (percent, bytes) = _use.Of(service.ProcessIds);
            table.AddRow(
                Markup.Escape(service.Name),
                string.Join(' ', service.ProcessIds),
                State(service),
                $"{service.Restarts}",
                $"{percent:F0}",
                $"{bytes / 1048576.0:F0}",
                Markup.Escape(look.Addresses.GetValueOrDefault(service.Name, "")));
        }

        return table;
    }

    private static string State(ServiceStatus service) => service.State switch
    {
        ServiceState.Ready => "[green]ready[/]",
        ServiceState.Failing => $"[red]failing[/]: {Markup.Escape(FirstLine(service.LastLine))}",
        ServiceState.Waiting => $"[yellow]waiting[/]: {Markup.Escape(FirstLine(service.LastLine))}",
        var state => $"[yellow]{state.ToString().ToLowerInvariant()}[/]",
    };

    private static string FirstLine(string text) => text.Split('\n')[0];
}
