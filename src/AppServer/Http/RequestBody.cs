using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;

namespace Mjolnir.AppServer.Http;

/// <summary>
/// Reads a body whole. The bytes are copied to an array of their own rather than sliced from pooled memory: a call's parts live on the lane for as long as its transaction does, whatever
/// becomes of the request, and a small array costs less than proving when a pooled one is free.
/// </summary>
internal static class RequestBody
{
    /// <summary>True if the body may be read as JSON. A cross-site form can send text/plain and the like without a preflight, but never application/json. No type at all is no form's doing either, and passes.</summary>
    public static bool IsJson(HttpRequest request)
    {
        var type = request.ContentType;
        return type is null || (type.StartsWith(Answer.Json, StringComparison.OrdinalIgnoreCase) && (type.Length == Answer.Json.Length || type[Answer.Json.Length] is ';' or ' '));
    }

    /// <summary>The body; null if it is longer than <paramref name="limit"/> bytes.</summary>
    [SuppressMessage("Reliability", "CA2012", Justification = "Awaited once, on one of two ways.")]
    public static ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
        {
            return new((ReadOnlyMemory<byte>?)null);
        }

        var reader = request.BodyReader;
        while (reader.TryRead(out var read))
        {
            var buffer = read.Buffer;
            if (buffer.Length > limit)
            {
                reader.AdvanceTo(buffer.End);
                return new((ReadOnlyMemory<byte>?)null);
            }

            if (read.IsCompleted)
            {
                ReadOnlyMemory<byte> body = buffer.ToArray();
                reader.AdvanceTo(buffer.End);
                return new(body);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }

        return ReadSlowlyAsync(reader, limit, cancellationToken);
    }

    private static async ValueTask<ReadOnlyMemory<byte>?> ReadSlowlyAsync(System.IO.Pipelines.PipeReader reader, int limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (buffer.Length > limit)
            {
                reader.AdvanceTo(buffer.End);
                return null;
            }

            if (read.IsCompleted)
            {
                ReadOnlyMemory<byte> body = buffer.ToArray();
                reader.AdvanceTo(buffer.End);
                return body;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
