using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>What happens to a request.</summary>
internal enum Fault
{
    None,

    /// <summary>The connection is closed, nothing is done.</summary>
    ClosedBefore,

    /// <summary>It is done, and the connection is closed without an answer.</summary>
    ClosedAfter,

    /// <summary>Nothing is done, and no answer comes while the client waits.</summary>
    Silent,

    /// <summary>It is done only when the client has given up.</summary>
    DoneTooLate,

    /// <summary>It is done, and answered 500.</summary>
    ErrorAfter,

    /// <summary>Half of the content, then the connection is closed.</summary>
    CutShort,

    /// <summary>200 with what no S3 says.</summary>
    Gibberish,
}

/// <summary>
/// A small S3 over HTTP, in memory, that fails as told: each planned fault or answer is for the next request, in order; <see cref="Always"/> for all when none is planned.
/// </summary>
internal sealed class FaultyS3 : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(Fault Fault, int Status, string Code)> _planned = new();
    private readonly WebApplication _server;
    private int _atOnce;

    private FaultyS3(WebApplication server) => _server = server;

    public Uri Endpoint => new(_server.Urls.First());

    public (Fault Fault, int Status, string Code) Always { get; set; }

    /// <summary>Overwrites, as services without create-if-absent do.</summary>
    public bool Overwrites { get; init; }

    /// <summary>Requests so far: method, and what was asked for.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public int MostAtOnce { get; private set; }

    /// <summary>Requests whose client waited for "100 Continue" before it sent the content.</summary>
    public int Waited { get; private set; }

    /// <summary>Called when a request has come that is not going to be answered.</summary>
    public Action Silenced { get; set; } = () => { };

    /// <summary>How long each request takes.</summary>
    public TimeSpan Slowness { get; set; }

    /// <summary>Set when a <see cref="Fault.DoneTooLate"/> has been done.</summary>
    public TaskCompletionSource DoneLate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<FaultyS3> StartAsync(int port = 0, bool overwrites = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var server = builder.Build();
        var s3 = new FaultyS3(server) { Overwrites = overwrites };
        server.Run(s3.HandleAsync);
        await server.StartAsync();
        return s3;
    }

    public void Next(params Fault[] faults) => Array.ForEach(faults, fault => _planned.Enqueue((fault, 0, "")));

    public void Next(int status, string code, int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            _planned.Enqueue((Fault.None, status, code));
        }
    }

    public bool Has(string name) => _objects.ContainsKey($"/bucket/{name}");

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        Waited += http.Request.Headers.Expect.Count;
        Requests.Enqueue($"{http.Request.Method} {http.Request.Path}");
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _atOnce));
        try
        {
            await Task.Delay(Slowness);
            var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            await FailOrAnswerAsync(http, body.ToArray(), _planned.TryDequeue(out var next) ? next : Always);
        }
        finally
        {
            Interlocked.Decrement(ref _atOnce);
        }
    }

    private async Task FailOrAnswerAsync(HttpContext http, byte[] body, (Fault Fault, int Status, string Code) plan)
    {
        if (plan.Fault is Fault.Silent or Fault.DoneTooLate)
        {
            var gone = new TaskCompletionSource();
            using var onGone = http.RequestAborted.Register(gone.SetResult);
            Silenced();
            await gone.Task;
        }

        if (plan.Fault is Fault.ClosedBefore or Fault.Silent || plan.Status != 0)
        {
            await RefuseAsync(http, plan);
            return;
        }

        var (status, answer) = Done(http, body);
        switch (plan.Fault)
        {
            case Fault.DoneTooLate:
                DoneLate.TrySetResult();
                break;
            case Fault.ClosedAfter:
                http.Abort();
                break;
            case Fault.ErrorAfter:
                await ErrorAsync(http, 500, "InternalError");
                break;
            case Fault.CutShort:
                http.Response.ContentLength = answer.Length;
                await http.Response.Body.WriteAsync(answer.AsMemory(0, answer.Length / 2));
                await http.Response.Body.FlushAsync();
                http.Abort();
                break;
            case Fault.Gibberish:
                await http.Response.WriteAsync("<html>welcome to the hotel's network");
                break;
            default:
                await AnswerAsync(http, status, answer);
                break;
        }
    }

    private static async Task RefuseAsync(HttpContext http, (Fault Fault, int Status, string Code) plan)
    {
        if (plan.Status == 0)
        {
            http.Abort();
        }
        else
        {
            await ErrorAsync(http, plan.Status, plan.Code);
        }
    }

    private (int Status, byte[] Answer) Done(HttpContext http, byte[] body)
    {
        var path = http.Request.Path.Value!;
        switch (http.Request.Method)
        {
            case "PUT" when Overwrites || http.Request.Headers.IfNoneMatch != "*":
                _objects[path] = body;
                return (200, []);
            case "PUT":
                return _objects.TryAdd(path, body) ? (200, []) : (412, Error("PreconditionFailed"));
            case "DELETE":
                _objects.TryRemove(path, out _);
                return (204, []);
            case "GET" when http.Request.Query.ContainsKey("list-type"):
                return (200, List(http));
            default:
                return _objects.TryGetValue(path, out var found) ? (200, Ranged(http, found)) : (404, Error("NoSuchKey"));
        }
    }

    private static byte[] Ranged(HttpContext http, byte[] content)
    {
        if (http.Request.GetTypedHeaders().Range?.Ranges.Single() is not { } range)
        {
            return content;
        }

        var from = range.From ?? Math.Max(0, content.Length - range.To!.Value);
        var to = range.From is null ? content.Length - 1 : Math.Min(range.To!.Value, content.Length - 1);
        return content[(int)from..(int)(to + 1)];
    }

    private byte[] List(HttpContext http)
    {
        var prefix = http.Request.Query["prefix"].ToString();
        var after = http.Request.Query["start-after"].ToString();
        var names = _objects.Keys.Select(path => path["/bucket/".Length..])
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, after) > 0).Order(StringComparer.Ordinal);
        return Encoding.UTF8.GetBytes($"""
            <?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>{string.Concat(names.Select(name => $"<Contents><Key>{name}</Key></Contents>"))}</ListBucketResult>
            """);
    }

    private static Task ErrorAsync(HttpContext http, int status, string code) => AnswerAsync(http, status, Error(code));

    private static async Task AnswerAsync(HttpContext http, int status, byte[] answer)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/xml";
        if (status != 204)
        {
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer);
        }
    }

    private static byte[] Error(string code) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>planned</Message></Error>"));
}
