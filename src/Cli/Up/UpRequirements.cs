using System.Net;
using System.Net.Sockets;
using Mjolnir.Cli.Configuration;
using Mjolnir.Services;

namespace Mjolnir.Cli.Up;

/// <summary>What must be there before anything is started: said in one clear message, with nothing to clean up.</summary>
internal static class UpRequirements
{
    public static void Check(UpOptions options, UpFolder folder) => Check(options, folder, Programs.Find, RabbitMqService.MissingProgram());

    /// <param name="options">what was asked for</param>
    /// <param name="folder">where it is to lie</param>
    /// <param name="find">finds an installed program; null: there is none</param>
    /// <param name="missingRabbitMq">what of RabbitMQ is not installed; null: all is there</param>
    public static void Check(UpOptions options, UpFolder folder, Func<string, string?> find, string? missingRabbitMq)
    {
        RequirePort(options.Port);
        RequireShortPath(folder.ControlSocket);
        if (find("memcached") is null)
        {
            throw new FailureException("memcached is not installed, and each V-stack needs one", "Install it (Debian: apt-get install memcached).");
        }

        if (!options.WithServices)
        {
            RequireServices(options);
        }
        else if (options.Shared.Queue.Url.Length > 0 || options.Shared.Store.Endpoint.Length > 0)
        {
            throw Usage("--with-services starts a RabbitMQ and an S3, and a URL names one that runs", "Leave out one of the two: --with-services, or --amqp and --s3 (Queue:Url and Store:Endpoint of the configuration)");
        }
        else if (missingRabbitMq is not null)
        {
            throw new FailureException($"--with-services needs RabbitMQ, and it is not installed ({missingRabbitMq} is missing)", "Install it (Debian: apt-get install rabbitmq-server), or name one that runs: --amqp amqp://user:password@host:5672");
        }
        else if (CephService.MissingPrograms(find) is { Count: > 0 } missing)
        {
            throw new FailureException($"--with-services needs programs that are not installed: {string.Join(", ", missing)}", CephService.HowToInstall);
        }
    }

    private static void RequireServices(UpOptions options)
    {
        if (options.Shared.Queue.Url.Length == 0)
        {
            throw Usage("no RabbitMQ is named", "Name one: --amqp amqp://user:password@host:5672, or let this machine's be started: --with-services");
        }

        if (options.Shared.Store.Bucket.Length == 0)
        {
            throw Usage("no S3 bucket is named", "Name one: --s3 URL --bucket NAME, or let a local S3 be started: --with-services");
        }
    }

    private static FailureException Usage(string message, string hint) => new(message, hint) { ExitCode = ExitCodes.Usage };

    private static void RequireShortPath(string socket)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(socket) > UpLimits.SocketPathLength)
        {
            throw new FailureException($"the data folder's path is too long for a control socket: {socket}", $"At most {UpLimits.SocketPathLength} characters. Choose another: --data DIR");
        }
    }

    private static void RequirePort(int port)
    {
        switch (ListenAddress.Problem(new IPEndPoint(IPAddress.Loopback, port)))
        {
            case null:
                return;
            case SocketError.AccessDenied:
                throw new FailureException($"port {port} may not be used by this user", "Choose a port above 1023: --port 8080");
            default:
                throw new FailureException($"port {port} is in use by another program", $"Stop it, or choose another port: --port {port + 1}");
        }
    }
}
