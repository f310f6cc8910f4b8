using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Telemetry;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Telemetry;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>
/// <c>POST /_mjolnir/tx/{handler}</c>: the way most requests take, so it is one method per step and nothing between. Cheap refusals come first, each before anything is spent on what it refuses:
/// size → origin → type → handler → session → allowed → well formed → page → rate → run.
/// </summary>
internal sealed class CallEndpoint(CallAdmission admission, SessionBook sessions, HttpMetrics metrics, ILogger log)
{
    public const string Prefix = "/_mjolnir/tx/";

    private static readonly Refusal MethodNotAllowed = new(405, "Transactions are sent by POST.");
    private static readonly Refusal NameTooLong = new(404, "There is no handler with a name that long.");

    private readonly LargeBodies _large = new(AppServerLimits.LargeBodies);

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _answer;

    public Task HandleAsync(HttpExchange exchange, ServedApplication application)
    {
        var refusal = Admit(exchange, application, out var handler, out var session);
        return refusal is null ? RunAsync(exchange, application, handler!, session) : RefuseAsync(exchange, refusal);
    }

    private Refusal? Admit(HttpExchange exchange, ServedApplication application, out CallableHandler? handler, out Session? session)
    {
        var request = exchange.Request;
        (handler, session) = (null, null);
        if (!HttpMethods.IsPost(request.Method))
        {
            exchange.Response.Headers.Allow = "POST";
            return MethodNotAllowed;
        }

        if (request.ContentLength > AppServerLimits.BodyBytes)
        {
            return Refusal.BodyTooLarge;
        }

        if (!RequestOrigin.IsSameSite(exchange))
        {
            return Refusal.OtherSite;
        }

        if (!RequestBody.IsJson(request))
        {
            return Refusal.NotJson;
        }

        if (Find(RequestPath.Raw(exchange.Target)[Prefix.Length..], application, out handler) is { } unknown)
        {
            return unknown;
        }

        session = exchange.Session(sessions);
        return handler!.Refuses(session);
    }

    private static Refusal? Find(ReadOnlySpan<char> escapedName, ServedApplication application, out CallableHandler? handler)
    {
        handler = application.Handler(escapedName);
        if (handler is not null)
        {
            return null;
        }

        if (escapedName.Length > AppServerLimits.HandlerNameCharacters * 3)
        {
            return NameTooLong;
        }

        if (!RequestPath.TryUnescape(escapedName, out var name))
        {
            return Refusal.BadPath;
        }

        handler = application.Handler(name);
        return handler is null ? new Refusal(404, "There is no such handler.") : null;
    }

    private Task RunAsync(HttpExchange exchange, ServedApplication application, CallableHandler handler, Session? session)
    {
        var request = exchange.Request;
        return request.ContentLength <= AppServerLimits.SmallBodyBytes || (request.ContentLength is null && request.Headers.TransferEncoding.Count == 0)
            ? RunWholeAsync(exchange, application, handler, session)
            : RunLargeAsync(exchange, application, handler, session);
    }

    /// <summary>Held until it is answered: the call keeps its body.</summary>
    private async Task RunLargeAsync(HttpExchange exchange, ServedApplication application, CallableHandler handler, Session? session)
    {
        if (!_large.TryEnter())
        {
            await RefuseAsync(exchange, Refusal.Overloaded);
            return;
        }

        try
        {
            await RunWholeAsync(exchange, application, handler, session);
        }
        finally
        {
            _large.Leave();
        }
    }

    private async Task RunWholeAsync(HttpExchange exchange, ServedApplication application, CallableHandler handler, Session? session)
    {
        var body = await RequestBody.ReadAsync(exchange.Request, AppServerLimits.BodyBytes, CancellationToken.None);
        if (body is not { } json)
        {
            await RefuseAsync(exchange, Refusal.BodyTooLarge);
            return;
        }

        var refusal = CallReader.Read(json, application, out var message) is { } fault ? new Refusal(400, fault) : null;
        refusal ??= admission.Refuses(message, handler, session, session is null ? RequestOrigin.Address(exchange) : null);
        if (refusal is not null)
        {
            await RefuseAsync(exchange, refusal);
            return;
        }

        SessionCookie.RenewIfDue(exchange, session, sessions);
        using var span = Tracing.IsOn ? TransactionSpan.Begin(exchange.Request.Headers.TraceParent) : null;
        var answer = await AnswerAsync(message, handler, application, session, RoutingHeaders.Wishes(exchange));
        metrics.Answered(answer);
        TransactionSpan.Answered(span, handler.Handler.Name, answer);
        await WriteAsync(exchange, message, answer);
    }

    /// <summary>A transaction runs to its end even if the browser goes away: what it asked for may be half done already, and its answer is kept under its id.</summary>
    private async ValueTask<TransactionAnswer> AnswerAsync(CallMessage message, CallableHandler handler, ServedApplication application, Session? session, ProxyWishes wishes)
    {
        try
        {
            return await admission.RunAsync(message, handler, application, session, wishes, CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            HttpLog.CallFaulted(log, e, handler.Handler.Name);
            Interlocked.Increment(ref metrics.Faults);
            return new TransactionAnswer { Status = TransactionStatus.Unknown };
        }
    }

    private Task RefuseAsync(HttpExchange exchange, Refusal refusal)
    {
        Interlocked.Increment(ref metrics.Refused);
        return Problem.WriteAsync(exchange, refusal);
    }

    private static Task WriteAsync(HttpExchange exchange, in CallMessage message, TransactionAnswer answer)
    {
        var headers = exchange.Response.Headers;
        headers["Server-Timing"] = ServerTiming.Text(answer.Timing);
        RoutingHeaders.Write(headers, answer);
        return answer.Status switch
        {
            TransactionStatus.Committed => WriteCommittedAsync(exchange, message, answer),
            TransactionStatus.Unknown => WriteUnknownAsync(exchange, message, answer),
            _ => WriteProblemAsync(exchange, message, answer),
        };
    }

    private static Task WriteCommittedAsync(HttpExchange exchange, in CallMessage message, TransactionAnswer answer)
    {
        var buffer = _answer ??= new ArrayBufferWriter<byte>(512);
        buffer.ResetWrittenCount();
        CallAnswers.WriteCommitted(buffer, message, answer);
        return SendAsync(exchange, 200, buffer);
    }

    /// <summary>No problem document: it is an answer of the protocol, which the client follows up by itself.</summary>
    private static Task WriteUnknownAsync(HttpExchange exchange, in CallMessage message, TransactionAnswer answer)
    {
        var buffer = _answer ??= new ArrayBufferWriter<byte>(512);
        buffer.ResetWrittenCount();
        CallAnswers.WriteMessage(buffer, message, answer);
        return SendAsync(exchange, 504, buffer);
    }

    private static Task WriteProblemAsync(HttpExchange exchange, in CallMessage message, TransactionAnswer answer)
    {
        if (answer.Status == TransactionStatus.Unavailable)
        {
            exchange.Response.Headers.RetryAfter = CallAnswers.RetryAfter(answer).ToString(CultureInfo.InvariantCulture);
        }

        return Problem.WriteAsync(exchange, CallAnswers.Code(answer), CallAnswers.Word(answer), CallAnswers.Reason(answer), (message, answer), static (json, state) =>
        {
            CallAnswers.WriteNames(json, state.message);
            CallAnswers.WriteMore(json, state.answer);
        });
    }

    /// <summary>Writing copies the body to the connection's buffer before it returns, so the thread's own buffer is free again.</summary>
    private static Task SendAsync(HttpExchange exchange, int code, ArrayBufferWriter<byte> body)
    {
        var sent = Answer.WriteAsync(exchange, code, Answer.Json, body.WrittenMemory);
        if (body.Capacity > AppServerLimits.KeptAnswerBytes)
        {
            _answer = null;
        }

        return sent;
    }
}
