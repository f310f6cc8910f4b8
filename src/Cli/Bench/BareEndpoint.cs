using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mjolnir.Cli.Bench;

/// <summary>
/// The yardstick: Kestrel with one endpoint that only parses the transfer's JSON. What it does in a second is what this machine could do at most.
/// </summary>
internal static class BareEndpoint
{
    private static readonly byte[] Answer = """{"status":"committed"}"""u8.ToArray();

    public static async Task RunAsync(Action<string> listening, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync(cancellationToken);
        listening(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await app.WaitForShutdownAsync(cancellationToken);
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        ReadResult read;
        while (!(read = await context.Request.BodyReader.ReadAsync()).IsCompleted)
        {
            context.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        var accepted = Parse(read.Buffer) == 3;
        context.Request.BodyReader.AdvanceTo(read.Buffer.End);
        context.Response.StatusCode = accepted ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Answer.Length;
        await context.Response.BodyWriter.WriteAsync(Answer);
    }

    /// <summary>Reads all of it and counts the arguments.</summary>
    private static int Parse(System.Buffers.ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        var values = 0;
        while (reader.Read())
        {
            values += reader.TokenType switch
            {
                JsonTokenType.String => reader.GetString()!.Length > 0 ? 1 : 0,
                JsonTokenType.Number => reader.GetInt64() > 0 ? 1 : 0,
                _ => 0,
            };
        }

        return values;
    }
}
