using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Mjolnir.Cli.Roles;
using Mjolnir.Core;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Cli.Verify;

/// <summary>A line of what an indexer tells of a verification: how far it is, or what it found of a table, or, as the last one, that it is done or why it cannot be.</summary>
internal sealed record VerificationLine
{
    /// <summary>The table that is read.</summary>
    public string? Table { get; init; }

    /// <summary>Rows of it that were read.</summary>
    public long Read { get; init; }

    /// <summary>Rows that it has, about.</summary>
    public long Rows { get; init; }

    /// <summary>What was found of a table.</summary>
    public VerifiedTable? Found { get; init; }

    /// <summary>All tables were looked at.</summary>
    public bool IsDone { get; init; }

    /// <summary>Why it cannot be finished.</summary>
    public string? Problem { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(VerificationLine))]
internal sealed partial class VerificationJson : JsonSerializerContext;

/// <summary>The indexer's side of a verification: tells lines of JSON while it goes on.</summary>
internal static class RunningVerification
{
    /// <summary>Asks for unique values besides: these are the store's, so that one indexer of a cluster is asked.</summary>
    public const string WithUnique = "?unique=true";

    /// <summary>Verifies all tables, and tells whoever asked.</summary>
    public static async Task TellAsync(HttpContext context, IndexerPart part)
    {
        var response = context.Response;
        response.ContentType = "application/x-ndjson";
        var far = new VerificationLine();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        using var one = new SemaphoreSlim(1);
        var telling = TellProgressAsync();
        try
        {
            VerificationLine last;
            try
            {
                await foreach (var found in part.VerifyAsync((table, read) => Volatile.Write(ref far, new VerificationLine { Table = table.Table, Read = read, Rows = table.Rows }), context.RequestAborted))
                {
                    await WriteAsync(new VerificationLine { Found = found });
                }

                foreach (var found in context.Request.QueryString.Value == WithUnique ? await part.VerifyUniqueAsync((table, read) => Volatile.Write(ref far, new VerificationLine { Table = table, Read = read }), context.RequestAborted) : [])
                {
                    await WriteAsync(new VerificationLine { Found = found });
                }

                last = new VerificationLine { IsDone = true };
            }
            catch (Exception fault) when (fault is VerificationFailedException or StoreUnavailableException or CorruptDataException)
            {
                last = new VerificationLine { Problem = fault.Message };
            }

            await WriteAsync(last);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for it any more.
        }
        finally
        {
            await stop.CancelAsync();
            await telling;
        }

        async Task TellProgressAsync()
        {
            using var often = new PeriodicTimer(CliLimits.Redraw);
            try
            {
                while (await often.WaitForNextTickAsync(stop.Token))
                {
                    await WriteAsync(Volatile.Read(ref far));
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The end is told by others.
            }
        }

        async Task WriteAsync(VerificationLine line)
        {
            await one.WaitAsync(stop.Token);
            try
            {
                await response.Body.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(line, VerificationJson.Default.VerificationLine), (byte)'\n'], stop.Token);
                await response.Body.FlushAsync(stop.Token);
            }
            finally
            {
                one.Release();
            }
        }
    }
}
