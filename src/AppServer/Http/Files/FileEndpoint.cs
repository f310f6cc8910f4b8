using System.Globalization;
using Microsoft.AspNetCore.Http;
using Mjolnir.AppServer.Http.Operators;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>Serves files from memory: 200, 304, 206 or 416, in the coding that suits the client.</summary>
internal sealed class FileEndpoint(HttpMetrics metrics)
{
    public const string Revalidate = "no-cache";

    private const string Immutable = "public, max-age=31536000, immutable";

    private static readonly Refusal NotAcceptable = new(406, "None of the accepted content codings is available.");

    /// <summary>Answers with a file.</summary>
    /// <param name="exchange">GET or HEAD</param>
    /// <param name="file">the file</param>
    /// <param name="immutable">its address names its content, so it may be kept without asking again</param>
    public async Task HandleAsync(HttpExchange exchange, ServedFile file, bool immutable = false)
    {
        Interlocked.Increment(ref metrics.Files);
        var (request, response) = (exchange.Request, exchange.Response);

        // A range is one of the plain bytes: what a client resumes must not depend on whether compression was ready the first time.
        var ranged = request.Headers.Range.Count == 1 && HttpMethods.IsGet(request.Method);
        var accepted = AcceptedCodings.Read(request.Headers.AcceptEncoding);
        var form = ranged && accepted.QualityOf(ContentCoding.Identity) > 0 ? file.Identity : file.Best(accepted);
        if (form is null)
        {
            await Problem.WriteAsync(exchange, NotAcceptable);
            return;
        }

        SetHeaders(response.Headers, file, form, immutable);
        if (EntityTags.Has(request.Headers.IfNoneMatch, form.Tag))
        {
            Interlocked.Increment(ref metrics.FilesNotModified);
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var content = ranged && form.Coding == ContentCoding.Identity ? Part(exchange, form) : form.Content;
        await SendAsync(exchange, file, content);
    }

    private static void SetHeaders(IHeaderDictionary headers, ServedFile file, Representation form, bool immutable)
    {
        SecurityHeaders.Set(headers);
        headers.ETag = form.Tag;
        headers.Vary = "Accept-Encoding";
        headers.CacheControl = immutable ? Immutable : Revalidate;
        headers.AcceptRanges = "bytes";
        if (form.Coding != ContentCoding.Identity)
        {
            headers.ContentEncoding = form.Coding == ContentCoding.Brotli ? "br" : "gzip";
        }
    }

    /// <summary>The part asked for. If-Range holds a strong tag of what the client has a part of; anything else (we give no dates) means the whole.</summary>
    private static ReadOnlyMemory<byte> Part(HttpExchange exchange, Representation form)
    {
        var (request, response) = (exchange.Request, exchange.Response);
        var ifRange = request.Headers.IfRange;
        if (ifRange.Count > 0 && ifRange != form.Tag)
        {
            return form.Content;
        }

        var length = form.Content.Length;
        var range = ByteRange.Read(request.Headers.Range[0], length);
        switch (range.Kind)
        {
            case RangeKind.Part:
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.First}-{range.First + range.Length - 1}/{length}");
                return form.Content.Slice(range.First, range.Length);
            case RangeKind.Unsatisfiable:
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");
                return default;
            default:
                return form.Content;
        }
    }

    private static async Task SendAsync(HttpExchange exchange, ServedFile file, ReadOnlyMemory<byte> content)
    {
        var response = exchange.Response;
        response.ContentType = file.ContentType;
        response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(exchange.Request.Method))
        {
            await response.BodyWriter.WriteAsync(content);
        }
    }
}
