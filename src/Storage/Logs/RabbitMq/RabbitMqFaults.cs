using System.Net.Sockets;
using System.Threading.Channels;
using RabbitMQ.Client.Exceptions;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>What the client's exceptions mean.</summary>
internal static class RabbitMqFaults
{
    private const ushort NotFound = 404;
    private const ushort Locked = 405;
    private const ushort AccessRefused = 403;
    private const ushort NotAllowed = 530;
    private const ushort InternalError = 541;

    /// <summary>The broker or the way to it failed, as opposed to this program.</summary>
    public static bool IsFault(Exception exception) =>
        exception is RabbitMQClientException or IOException or SocketException or TimeoutException or ChannelClosedException or OperationCanceledException or ObjectDisposedException;

    /// <summary>There is no such queue. "Not found" is also said of a queue that exists and cannot be reached just now: that must never be taken for a lost log.</summary>
    public static bool IsMissing(Exception exception) =>
        exception is OperationInterruptedException { ShutdownReason: { ReplyCode: NotFound } reason } && reason.ReplyText.Contains("no queue", StringComparison.Ordinal);

    /// <summary>Something in the broker does not work (a queue whose process is gone): it ends the whole connection for that.</summary>
    public static bool IsInternal(Exception exception) => exception is OperationInterruptedException { ShutdownReason.ReplyCode: InternalError };

    /// <summary>Another connection has the exclusive queue.</summary>
    public static bool IsLocked(Exception exception) => exception is OperationInterruptedException { ShutdownReason.ReplyCode: Locked };

    /// <summary>Why no endpoint could be used, in one line: what, where, what to do.</summary>
    public static string Explain(RabbitMqAddress address, IReadOnlyList<((string, int) Endpoint, Exception Exception)> failures)
    {
        foreach (var (endpoint, exception) in failures)
        {
            foreach (var cause in Causes(exception))
            {
                if (cause is PossibleAuthenticationFailureException)
                {
                    return $"RabbitMQ at {RabbitMqAddress.Text(endpoint)} does not let the user '{address.User}' in: check user and password of the AMQP URL.";
                }

                if (cause is OperationInterruptedException { ShutdownReason: { ReplyCode: NotAllowed or AccessRefused } reason })
                {
                    return $"RabbitMQ at {RabbitMqAddress.Text(endpoint)} does not let the user '{address.User}' use the virtual host '{address.VirtualHost}' ({reason.ReplyText}): check the path of the AMQP URL, or make it with rabbitmqctl add_vhost and set_permissions.";
                }
            }
        }

        var reasons = failures.Select(failure => $"{RabbitMqAddress.Text(failure.Endpoint)} ({Causes(failure.Exception).Last().Message.TrimEnd('.')})");
        return $"RabbitMQ is not reachable at {string.Join(", ", reasons)}: is it running, and are host and port of the AMQP URL right?";
    }

    /// <summary>The credentials or the virtual host are wrong: other endpoints of the cluster would say the same.</summary>
    public static bool IsRefusal(Exception exception) =>
        Causes(exception).Any(cause => cause is PossibleAuthenticationFailureException or OperationInterruptedException { ShutdownReason.ReplyCode: NotAllowed or AccessRefused });

    private static IEnumerable<Exception> Causes(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause is AggregateException { InnerExceptions: [var only, ..] } ? only : cause.InnerException)
        {
            yield return cause;
        }
    }
}
