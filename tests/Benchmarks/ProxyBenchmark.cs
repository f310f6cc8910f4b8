using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mjolnir.Proxy;
using Yarp.ReverseProxy.Forwarder;

namespace Mjolnir.Benchmarks;

/// <summary>
/// What the hop costs: wrk posts transfers to one back end that does nothing, straight, through bare YARP, and through our proxy, in turn and in the same run. Each is a process of its own. Needs wrk.
/// </summary>
internal static partial class ProxyBenchmark
{
    private const string Token = "bench";

    private const string Script = """
        wrk.method = "POST"
        wrk.path = "/_mjolnir/tx/transfer"
        wrk.headers["Content-Type"] = "application/json"
        wrk.headers["Cookie"] = "mjolnir-session=1.dGVsbGVy.id.1.2.mac"
        function request()
          local from = math.random(0, 99999)
          return wrk.format(nil, nil, nil, string.format('{"args":["a%07d","a%07d",1]}', from, (from + 1) % 100000))
        end
        """;

    public static async Task<int> RunAsync(int seconds, int rounds)
    {
        var script = Path.Combine(Path.GetTempPath(), $"mjolnir-bench-{Environment.ProcessId}.lua");
        await File.WriteAllTextAsync(script, Script);
        using var backEnd = await Child.StartAsync("proxy-backend");
        using var yarp = await Child.StartAsync("proxy-yarp", backEnd.Url);
        using var ours = await Child.StartAsync("proxy-ours", backEnd.Url);
        Child[] all = [backEnd, yarp, ours];
        try
        {
            var sums = new double[all.Length];
            for (var round = 0; round <= rounds; round++)
            {
                for (var i = 0; i < all.Length; i++)
                {
                    var (rate, cpu) = await MeasureAsync(script, all[i], round == 0 ? 3 : seconds);
                    sums[i] += round == 0 ? 0 : rate;
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(round == 0 ? "warm-up" : $"round {round}")}  {all[i].Role,-13}  {rate,8:F0} requests/s  {cpu,6:F1} µs CPU of its process each"));
                }
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ours to bare YARP: {sums[2] / sums[1]:F2}; of the straight way: YARP {sums[1] / sums[0]:F2}, ours {sums[2] / sums[0]:F2}"));
            return sums[2] / sums[1] >= 0.9 ? 0 : 1;
        }
        finally
        {
            File.Delete(script);
        }
    }

    /// <summary>A part of the bench as a process: tells its address on standard output and ends with its standard input.</summary>
    public static async Task<int> ServeAsync(string role, string? backEnd)
    {
        var url = role switch
        {
            "proxy-backend" => await BackEndAsync(),
            "proxy-yarp" => await BareYarpAsync(backEnd!),
            _ => await OursAsync(backEnd!),
        };
        Console.WriteLine(url);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static async Task<(double Rate, double Cpu)> MeasureAsync(string script, Child server, int seconds)
    {
        var before = server.Cpu;
        using var wrk = Process.Start(new ProcessStartInfo("wrk", ["-t1", "-c64", $"-d{seconds}s", "-s", script, server.Url]) { RedirectStandardOutput = true })!;
        var text = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        if (text.Contains("Non-2xx", StringComparison.Ordinal) || !Requests().IsMatch(text))
        {
            throw new InvalidOperationException(text);
        }

        var requests = double.Parse(Requests().Match(text).Groups[1].Value, CultureInfo.InvariantCulture);
        return (requests / seconds, (server.Cpu - before).TotalMicroseconds / requests);
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    private static async Task<string> BackEndAsync()
    {
        var app = Listen(static _ => { }, out var url);
        var cluster = "";
        app.Run(context => AnswerAsync(context, cluster));
        await app.StartAsync();
        cluster = $$"""{"version":"1","application":"bench","view":1,"slots":[[0,4095,"s1"]],"servers":[{"name":"s1","http":"{{url()}}","ready":true}]}""";
        return url();
    }

    private static async Task AnswerAsync(HttpContext context, string cluster)
    {
        var isCall = context.Request.Path.StartsWithSegments("/_mjolnir/tx");
        if (isCall)
        {
            var body = context.Request.BodyReader;
            System.IO.Pipelines.ReadResult read;
            while (!(read = await body.ReadAsync()).IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }

            body.AdvanceTo(read.Buffer.End);
        }
        else if (context.Request.Query.ContainsKey("since"))
        {
            await Task.Delay(TimeSpan.FromSeconds(10), context.RequestAborted);
        }

        var text = isCall ? """{"status":"committed","result":999}""" : cluster;
        var headers = context.Response.Headers;
        (headers.ContentType, headers.ContentLength, headers.CacheControl, headers.XContentTypeOptions) = ("application/json", text.Length, "no-store", "nosniff");
        headers["Server-Timing"] = "route;dur=0.012, read;dur=0, run;dur=0.010, lock;dur=0.300, log;dur=2";
        headers["Mjolnir-Routed"] = "predicted";
        if (context.Request.Headers["Mjolnir-Learn"] == "1")
        {
            headers["Mjolnir-Keys"] = "a0000001,a0000002";
        }

        await context.Response.WriteAsync(text);
    }

    private static async Task<string> BareYarpAsync(string backEnd)
    {
        var app = Listen(static services => services.AddHttpForwarder(), out var url);
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, ActivityHeadersPropagator = null });
        app.Run(async context => await forwarder.SendAsync(context, backEnd, client));
        await app.StartAsync();
        return url();
    }

    private static async Task<string> OursAsync(string backEnd)
    {
        var proxy = new ProxyServer(new ProxyOptions
        {
            Listeners = [new ProxyListener(IPAddress.Loopback, 0)],
            Applications = [new ProxiedApplication(["*"], [new Uri(backEnd)], Token)],
        });
        await proxy.StartAsync(CancellationToken.None);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!proxy.IsReady)
        {
            await ticks.WaitForNextTickAsync();
        }

        return $"http://127.0.0.1:{proxy.Ports[0]}";
    }

    private static WebApplication Listen(Action<IServiceCollection> services, out Func<string> url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        services(builder.Services);
        var app = builder.Build();
        url = () => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return app;
    }

    private sealed class Child : IDisposable
    {
        private readonly Process _process;

        private Child(Process process, string role, string url) => (_process, Role, Url) = (process, role, url);

        public string Role { get; }

        public string Url { get; }

        public TimeSpan Cpu
        {
            get
            {
                _process.Refresh();
                return _process.TotalProcessorTime;
            }
        }

        public static async Task<Child> StartAsync(string role, params string[] more)
        {
            // The build's own executable, with its runtime options.
            var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [role, .. more]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
            return new Child(process, role, await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"{role} did not start."));
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
