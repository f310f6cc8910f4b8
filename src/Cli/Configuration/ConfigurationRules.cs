using System.Net;
using System.Text.RegularExpressions;
using Mjolnir.Storage.Logs.RabbitMq;

namespace Mjolnir.Cli.Configuration;

/// <summary>What must be given, and what makes sense, for each role.</summary>
internal sealed partial class ConfigurationRules(StackConfiguration configuration, ConfigurationMistakes mistakes)
{
    public void Check(StackRole role)
    {
        CheckName("Cluster", configuration.Cluster);
        switch (role)
        {
            case StackRole.App:
                CheckApplication();
                CheckServer();
                CheckCache();
                CheckQueue();
                CheckStore();
                RequireSecrets();
                break;
            case StackRole.WriteBehind:
                RequireName();
                CheckEndPoint("Server:Listen", configuration.Server.Listen);
                CheckQueue();
                CheckStore();
                RequireSecrets();
                break;
            case StackRole.Indexer:
                CheckApplication();
                RequireName();
                CheckEndPoint("Server:Listen", configuration.Server.Listen);
                CheckServerUrl();
                CheckQueue();
                CheckStore();
                RequireSecrets();
                break;
            case StackRole.Proxy:
                RequireSecrets();
                CheckProxy();
                break;
            case StackRole.Store:
                CheckStore();
                break;
            case StackRole.Cluster:
                CheckWhatIsGiven();
                break;
        }

        CheckTelemetry();
        if (configuration.Audit.Pause is not (>= 0 and <= 86_400))
        {
            mistakes.Wrong("Audit:Pause", "must be from 0 (no audit) to 86400 seconds (a day)");
        }
    }

    private void CheckApplication()
    {
        if (Require("Application", configuration.Application, "the application's folder") && !Directory.Exists(configuration.Application))
        {
            mistakes.Wrong("Application", $"names no folder: {configuration.Application}");
        }
    }

    private void CheckServer()
    {
        RequireName();
        CheckEndPoint("Server:Listen", configuration.Server.Listen);
        CheckHostAndPort("Server:Peer", configuration.Server.Peer);
        if (IPEndPoint.TryParse(configuration.Server.Listen, out var http) && HostAndPort.TryParse(configuration.Server.Peer)?.Port == http.Port)
        {
            mistakes.Wrong("Server:Peer", $"has the port of Server:Listen, {http.Port}; calls of other servers and HTTP need a port each");
        }

        Require("Server:Data", configuration.Server.Data, "a folder of this server's own");
        CheckServerUrl();
        foreach (var (at, address) in configuration.Server.TrustedProxies.Index())
        {
            if (!IPAddress.TryParse(address, out _) && !IPNetwork.TryParse(address, out _))
            {
                mistakes.Wrong($"Server:TrustedProxies:{at}", $"'{address}' is neither an address nor a network; it looks like 10.0.0.5 or 10.0.0.0/24");
            }
        }
    }

    private void CheckServerUrl()
    {
        if (configuration.Server.Url.Length > 0)
        {
            CheckUrl("Server:Url", configuration.Server.Url, Uri.UriSchemeHttp, Uri.UriSchemeHttps);
        }
        else if (IPEndPoint.TryParse(configuration.Server.Listen, out var listen) && (listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any)))
        {
            mistakes.Missing("Server:Url", $"the server listens on all addresses ({listen}), so the others must be told one: http://10.0.0.5:{listen.Port}");
        }
    }

    private void RequireName()
    {
        if (Require("Server:Name", configuration.Server.Name, "the V-stack's name, such as s1"))
        {
            CheckName("Server:Name", configuration.Server.Name);
        }
    }

    private void CheckCache()
    {
        var nodes = configuration.Cache.Nodes;
        if (nodes.Count > 1)
        {
            mistakes.Wrong("Cache:Nodes", $"names {nodes.Count} memcached servers; a server has exactly one beside it. For more memory start more V-stacks");
        }
        else if (Require("Cache:Nodes:0", nodes.Count == 0 ? "" : nodes[0], "the memcached beside this server, such as 127.0.0.1:11211") && !Path.IsPathRooted(nodes[0]))
        {
            CheckHostAndPort("Cache:Nodes:0", nodes[0]);
        }
    }

    private void CheckQueue()
    {
        if (Require("Queue:Url", configuration.Queue.Url, "RabbitMQ, such as amqp://user:password@10.0.0.7:5672"))
        {
            CheckQueue("Queue:Url", configuration.Queue.Url);
        }
    }

    private void CheckStore()
    {
        var store = configuration.Store;
        Require("Store:Bucket", store.Bucket, "the S3 bucket");
        if (store.Endpoint.Length > 0)
        {
            CheckUrl("Store:Endpoint", store.Endpoint, Uri.UriSchemeHttp, Uri.UriSchemeHttps);
        }

        if (store.AccessKey.Length > 0 != store.SecretKey.Length > 0)
        {
            mistakes.Missing(store.AccessKey.Length > 0 ? "Store:SecretKey" : "Store:AccessKey", "the other half of the credentials is given; give both, or none to use what the AWS SDK finds");
        }
    }

    private void CheckWhatIsGiven()
    {
        if (configuration.Queue.Url.Length > 0)
        {
            CheckQueue();
        }

        if (configuration.Store.Bucket.Length > 0 || configuration.Store.Endpoint.Length > 0)
        {
            CheckStore();
        }
    }

    private void CheckProxy()
    {
        var proxy = configuration.Proxy;
        foreach (var (at, listen) in proxy.Listen.Index())
        {
            CheckEndPoint($"Proxy:Listen:{at}", WithoutScheme(listen));
            if (proxy.Listen.Take(at).Any(other => WithoutScheme(other) == WithoutScheme(listen)))
            {
                mistakes.Wrong($"Proxy:Listen:{at}", $"'{listen}' is listed twice");
            }
        }

        RequireSome("Proxy:Listen", proxy.Listen.Count, "an address to listen on, such as 0.0.0.0:8080");
        RequireSome("Proxy:Applications", proxy.Applications.Count, "the applications with some of their servers");
        if (proxy.Certificates.Count == 0 && proxy.Listen.Any(listen => listen.StartsWith("https://", StringComparison.Ordinal)))
        {
            mistakes.Missing("Proxy:Certificates:0:Certificate", "an https address needs a certificate");
        }

        if (proxy.RedirectToHttps && !proxy.Listen.Any(listen => listen.StartsWith("https://", StringComparison.OrdinalIgnoreCase)))
        {
            mistakes.Wrong("Proxy:RedirectToHttps", "is true, but no address of Proxy:Listen begins with https://");
        }

        foreach (var (at, certificate) in proxy.Certificates.Index())
        {
            CheckFile($"Proxy:Certificates:{at}:Certificate", certificate.Certificate, needed: true);
            CheckFile($"Proxy:Certificates:{at}:Key", certificate.Key, needed: false);
            CheckFile($"Proxy:Certificates:{at}:PasswordFile", certificate.PasswordFile, needed: false);
        }

        foreach (var (at, application) in proxy.Applications.Index())
        {
            CheckApplicationEntry($"Proxy:Applications:{at}", application);
        }
    }

    private void CheckApplicationEntry(string key, ApplicationEntry application)
    {
        RequireSome($"{key}:Servers", application.Servers.Count, "the URL of at least one app server");
        RequireSome($"{key}:Hosts", application.Hosts.Count, "its host names, or \"*\"");
        foreach (var (at, server) in application.Servers.Index())
        {
            CheckUrl($"{key}:Servers:{at}", server, Uri.UriSchemeHttp, Uri.UriSchemeHttps);
        }
    }

    private void CheckTelemetry()
    {
        if (configuration.Telemetry.Endpoint.Length > 0)
        {
            CheckUrl("Telemetry:Endpoint", configuration.Telemetry.Endpoint, Uri.UriSchemeHttp, Uri.UriSchemeHttps);
        }

        if (configuration.Telemetry.Sample is not (>= 0 and <= 1))
        {
            mistakes.Wrong("Telemetry:Sample", "must be from 0 (no traces) to 1 (all)");
        }
    }

    private void RequireSecrets() =>
        Require("Secrets:Folder", configuration.Secrets.Folder, "the folder of secrets.json, the same for all processes of a cluster (make one: mjolnir secrets FOLDER)");

    private bool Require(string key, string value, string what)
    {
        if (value.Length == 0)
        {
            mistakes.Missing(key, what);
        }

        return value.Length > 0;
    }

    private void RequireSome(string key, int count, string what)
    {
        if (count == 0)
        {
            mistakes.Missing(key + ":0", what);
        }
    }

    private void CheckName(string key, string name)
    {
        if (!NamePattern().IsMatch(name))
        {
            mistakes.Wrong(key, $"'{name}' is no name: lower-case letters, digits and '-', beginning with a letter, at most {CliLimits.ProcessNameLength}");
        }
    }

    private void CheckEndPoint(string key, string value)
    {
        if (!IPEndPoint.TryParse(value, out var parsed) || parsed.Port == 0)
        {
            mistakes.Wrong(key, $"'{value}' is no address to listen on; it looks like 127.0.0.1:9001 or 0.0.0.0:9001");
        }
    }

    private void CheckHostAndPort(string key, string value)
    {
        if (HostAndPort.TryParse(value) is null)
        {
            mistakes.Wrong(key, $"'{value}' is no address; it looks like 10.0.0.5:9101 or db1.example.com:9101");
        }
    }

    /// <summary>One RabbitMQ node or several.</summary>
    private void CheckQueue(string key, string value)
    {
        try
        {
            _ = RabbitMqAddress.Parse(value);
        }
        catch (FormatException)
        {
            mistakes.Wrong(key, "is no URL; it looks like amqp://10.0.0.5:5672, or amqp://10.0.0.5:5672,10.0.0.6:5672,10.0.0.7:5672");
        }
    }

    /// <summary>The value is not shown: it may hold a password.</summary>
    private void CheckUrl(string key, string value, params string[] schemes)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || !schemes.Contains(url.Scheme) || url.Host.Length == 0)
        {
            mistakes.Wrong(key, $"is no URL; it looks like {schemes[0]}://10.0.0.5:9000");
        }
    }

    private void CheckFile(string key, string path, bool needed)
    {
        if ((needed ? Require(key, path, "a file") : path.Length > 0) && !File.Exists(path))
        {
            mistakes.Wrong(key, $"names no file: {path}");
        }
    }

    private static string WithoutScheme(string listen) => SchemePattern().Replace(listen, "");

    [GeneratedRegex("^[a-z][a-z0-9-]{0,39}$")]
    private static partial Regex NamePattern();

    [GeneratedRegex("^https?://")]
    private static partial Regex SchemePattern();
}
