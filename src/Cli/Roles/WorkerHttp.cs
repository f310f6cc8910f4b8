using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Status;

namespace Mjolnir.Cli.Roles;

/// <summary>What a write-behind process tells operators over HTTP: health, status, metrics.</summary>
internal sealed class WorkerHttp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WorkerHttp(WebApplication app) => _app = app;

    public static async Task<WorkerHttp> StartAsync(
        StackConfiguration configuration, ClusterServices services, WriteBehindPart part, SecretsFile secrets, CancellationToken cancellationToken)
    {
        var began = services.Time.GetTimestamp();
        var app = RoleHttp.Build(configuration.Server.Listen, bodyBytes: 0);
        app.MapGet("/_mjolnir/health", () => Results.Text("""{"live":true,"ready":true}""", "application/json"));
        app.MapGet("/_mjolnir/status", RoleHttp.Bearing("status", secrets.StatusToken, context => context.Response.WriteAsJsonAsync(Status(), StatusJson.Default.WorkerStatus)));
        app.MapGet("/_mjolnir/metrics", RoleHttp.Bearing("status", secrets.StatusToken, context => context.Response.WriteAsync(Metrics())));
        await app.StartAsync(cancellationToken);
        return new WorkerHttp(app);

        WorkerStatus Status() => new()
        {
            Mode = "write-behind",
            Name = configuration.Server.Name,
            UptimeSeconds = services.Time.GetElapsedTime(began).TotalSeconds,
            IsKeeper = part.Keeper.IsLeading,
            Logs = [.. part.Host.Worked.Select(log => log.Log)],
            Backlog = part.Host.Worked.Sum(log => log.Backlog),
            Process = ProcessReader.Read(),
            Store = StoreStatus.Of(services, 0),
            WarmedRows = part.Keeper.Warming.Rows,
            RowsToWarm = part.Keeper.Warming.Total,
            Violations = ViolationFigures.Of(services.Alarms),
            Audit = StoreStatus.AuditOf(services),
        };

        string Metrics()
        {
            var writer = new PrometheusWriter();
            WorkerMetrics.Write(writer, services, part);
            return writer.ToString();
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
