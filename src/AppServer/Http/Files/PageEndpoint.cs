using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http.Calls;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>
/// Serves pages with templates: rendered over one snapshot for the one who asks, never kept by a cache that others share. Not compressed: what users enter stands
/// beside what they must not see, and sizes of compressed answers tell (BREACH).
/// </summary>
internal sealed class PageEndpoint(AppServerHttpOptions options, CallAdmission admission, SessionBook sessions, HttpMetrics metrics, ILogger log)
{
    private const int FirstBytes = 8 * 1024;

    public async Task HandleAsync(HttpExchange exchange, ServedApplication application, Page page)
    {
        var session = exchange.Session(sessions);
        if (admission.TooOften(session, session is null ? RequestOrigin.Address(exchange) : null) is { } refusal)
        {
            await Problem.WriteAsync(exchange, refusal);
            return;
        }

        Interlocked.Increment(ref metrics.Renders);
        var rendered = await options.Router.Any.RenderAsync(application.Application, page, session?.User, exchange.Context.RequestAborted);
        if (rendered is null)
        {
            await Problem.WriteAsync(exchange, Refusal.Overloaded);
            return;
        }

        Report(rendered);
        var html = new ArrayBufferWriter<byte>(FirstBytes);
        TemplatedPage.Write(html, page, rendered.Values);
        SessionCookie.RenewIfDue(exchange, session, sessions);
        await SendAsync(exchange, html);
    }

    private async Task SendAsync(HttpExchange exchange, ArrayBufferWriter<byte> html)
    {
        var (request, response) = (exchange.Request, exchange.Response);
        var tag = $"\"{ServedFile.Tag(html.WrittenSpan)}\"";
        SecurityHeaders.Set(response.Headers);
        response.Headers.ETag = tag;
        response.Headers.CacheControl = "private, no-cache";
        if (EntityTags.Has(request.Headers.IfNoneMatch, tag))
        {
            Interlocked.Increment(ref metrics.FilesNotModified);
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = TemplatedPage.ContentType;
        response.ContentLength = html.WrittenCount;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.BodyWriter.WriteAsync(html.WrittenMemory);
        }
    }

    private void Report(RenderedTemplates rendered)
    {
        if (!options.Development)
        {
            return;
        }

        foreach (var failure in rendered.Failures)
        {
            HttpLog.TemplateFailed(log, failure.Position.ToString(), failure.Message);
        }
    }
}
