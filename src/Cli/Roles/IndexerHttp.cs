using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Status;
using Mjolnir.Cli.Telemetry;
using Mjolnir.Cli.Verify;
using Mjolnir.Core;
using Mjolnir.Core.Indexes.Queries;

namespace Mjolnir.Cli.Roles;

/// <summary>What an indexer says over HTTP: answers to app servers (cluster token), health, and to operators (status token) status, metrics and verifications.</summary>
internal sealed class IndexerHttp : IAsyncDisposable
{
    /// <summary>Where questions are asked.</summary>
    public const string Questions = "/_mjolnir/index";

    /// <summary>Where a verification is asked for.</summary>
    public const string Verifications = "/_mjolnir/verify";

    private readonly WebApplication _app;

    private IndexerHttp(WebApplication app) => _app = app;

    public static async Task<IndexerHttp> StartAsync(StackConfiguration configuration, ClusterServices services, IndexerPart part, SecretsFile secrets, CancellationToken cancellationToken)
    {
        var began = services.Time.GetTimestamp();
        var app = RoleHttp.Build(configuration.Server.Listen, RoleLimits.QuestionBytes);
        app.MapGet("/_mjolnir/health", () => Results.Text($$"""{"live":true,"ready":{{(part.IsBuilt ? "true" : "false")}}}""", "application/json"));
        app.MapPost(Questions, RoleHttp.Bearing("cluster", secrets.ClusterToken, context => AnswerAsync(context, part)));
        app.MapGet("/_mjolnir/status", RoleHttp.Bearing("status", secrets.StatusToken, context => context.Response.WriteAsJsonAsync(Status(), StatusJson.Default.IndexerStatus)));
        app.MapPost(Verifications, RoleHttp.Bearing("status", secrets.StatusToken, context => RunningVerification.TellAsync(context, part)));
        app.MapGet("/_mjolnir/metrics", RoleHttp.Bearing("status", secrets.StatusToken, context => context.Response.WriteAsync(Metrics(services, part))));
        await app.StartAsync(cancellationToken);
        return new IndexerHttp(app);

        IndexerStatus Status() => new()
        {
            Mode = "indexer",
            Name = configuration.Server.Name,
            UptimeSeconds = services.Time.GetElapsedTime(began).TotalSeconds,
            Indexes = [.. part.Progress.Select(IndexFigures.Of)],
            Questions = part.Questions,
            Process = ProcessReader.Read(),
            Store = StoreStatus.Of(services, 0),
            Violations = ViolationFigures.Of(services.Alarms),
        };
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, IndexerPart part)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        byte[] answer;
        try
        {
            var (question, wanted) = QuestionCodec.Decode(body.ToArray());
            part.Asked();
            answer = AnswerCodec.Encode(await part.Answers.AnswerAsync(question, wanted, context.RequestAborted));
        }
        catch (CorruptDataException fault)
        {
            await Results.Problem(fault.Message, statusCode: 400).ExecuteAsync(context);
            return;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for it any more.
            return;
        }

        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }

    private static string Metrics(ClusterServices services, IndexerPart part)
    {
        var writer = new PrometheusWriter();
        IndexMetrics.Write(writer, part.Progress);
        writer.Counter("mjolnir_index_questions_total", "Questions of app servers that came to this indexer.", part.Questions);
        WorkerMetrics.WriteStore(writer, services);
        WorkerMetrics.WriteAudit(writer, services);
        return writer.ToString();
    }
}
