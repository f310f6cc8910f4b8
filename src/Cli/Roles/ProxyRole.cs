using System.Net;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Dev;
using Mjolnir.Cli.Telemetry;
using Mjolnir.Proxy;

namespace Mjolnir.Cli.Roles;

/// <summary><c>proxy</c>: what browsers are pointed at.</summary>
internal sealed class ProxyRole : IRole
{
    public async Task<int> RunAsync(StackConfiguration configuration, StopSignal stop)
    {
        foreach (var (at, listen) in configuration.Proxy.Listen.Index())
        {
            ListenAddress.RequireFree($"Proxy:Listen:{at}", Parse(listen).EndPoint);
        }

        using var traces = TraceExport.Start(configuration.Telemetry, "proxy", "");
        using var logs = RoleLogs.Create(configuration.Logs);
        await using var proxy = Make(new ProxyOptions
        {
            Listeners = [.. configuration.Proxy.Listen.Select(listen => Listener(listen, configuration.Proxy))],
            Certificates = [.. configuration.Proxy.Certificates.Select(each => new ProxyCertificate(each.Certificate, Given(each.Key), Given(each.PasswordFile)))],
            Applications = [.. configuration.Proxy.Applications.Select(each => Application(each, configuration))],
            StatusToken = ClusterSecrets.Load(configuration.Secrets).StatusToken,
            AccessLog = configuration.Proxy.AccessLog switch { "" => null, "-" => new AccessLogOptions(), var file => new AccessLogOptions(file) },
            Time = TimeProvider.System,
            Logs = logs,
        });
        await proxy.StartAsync(stop.Token);
        Console.Out.WriteLine(ReadyLine.Of("proxy", "", string.Join(' ', configuration.Proxy.Listen.Select((listen, i) => Url(listen, proxy.Ports[i])))));
        await stop.Asked;
        return ExitCodes.Ok;
    }

    private static ProxyServer Make(ProxyOptions options)
    {
        try
        {
            return new ProxyServer(options);
        }
        catch (ProxyConfigurationException fault)
        {
            throw new FailureException(fault.Message, null, fault);
        }
    }

    private static ProxyListener Listener(string text, ProxySection section)
    {
        var (isTls, endpoint) = Parse(text);
        int? redirect = section.RedirectToHttps && !isTls
            ? section.Listen.Select(Parse).Where(each => each.IsTls).Select(each => (int?)each.EndPoint.Port).FirstOrDefault()
            : null;
        return new ProxyListener(endpoint.Address, endpoint.Port, isTls, redirect);
    }

    private static (bool IsTls, IPEndPoint EndPoint) Parse(string listen)
    {
        var mark = listen.IndexOf("://", StringComparison.Ordinal);
        return (listen.StartsWith("https://", StringComparison.OrdinalIgnoreCase), IPEndPoint.Parse(mark < 0 ? listen : listen[(mark + 3)..]));
    }

    private static string Url(string listen, int port)
    {
        var (isTls, endpoint) = Parse(listen);
        return $"{(isTls ? "https" : "http")}://{new IPEndPoint(endpoint.Address, port)}";
    }

    private static ProxiedApplication Application(ApplicationEntry entry, StackConfiguration configuration) => new(
        entry.Hosts,
        [.. entry.Servers.Select(server => new Uri(server))],
        ClusterSecrets.Load(entry.Secrets.Length > 0 ? entry.Secrets : configuration.Secrets.Folder).ClusterToken);

    private static string? Given(string text) => text.Length == 0 ? null : text;
}
