using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
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
        var authorization = Encoding.UTF8.GetBytes($"Bearer {secrets.StatusToken}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            var endpoint = IPEndPoint.Parse(configuration.Server.Listen);
            kestrel.AddServerHeader = false;
            kestrel.Listen(endpoint);
        });
        var app = builder.Build();
        app.MapGet("/_mjolnir/health", () => Results.Text("""{"live":true,"ready":true}""", "application/json"));
        app.MapGet("/_mjolnir/status", context => IsOperator(context)
            ? context.Response.WriteAsJsonAsync(Status(), StatusJson.Default.WorkerStatus)
            : RefuseAsync(context));
        app.MapGet("/_mjolnir/metrics", context => IsOperator(context) ? context.Response.WriteAsync(Metrics()) : RefuseAsync(context));
        await app.StartAsync(cancellationToken);
        return new WorkerHttp(app);

        bool IsOperator(HttpContext context) =>
            CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()), authorization);

        static Task RefuseAsync(HttpContext context) =>
            Results.Problem("Status and metrics need the status token of the cluster's secrets file: Authorization: Bearer …", statusCode: 401).ExecuteAsync(context);

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
