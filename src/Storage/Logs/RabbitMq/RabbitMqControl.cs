using RabbitMQ.Client;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>Operations that have a channel of their own, because one that is refused closes it.</summary>
internal static class RabbitMqControl
{
    /// <summary>Channels for everything but sending to logs.</summary>
    public static readonly CreateChannelOptions Unconfirmed = new(publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false);

    /// <summary>Channels that wait for the broker's word on each message.</summary>
    public static readonly CreateChannelOptions Confirmed = new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);

    /// <summary>Runs one operation.</summary>
    /// <param name="connection">the connection to use</param>
    /// <param name="what">what is done, for the message of a fault ("declaring the log s1.1")</param>
    /// <param name="operation">does it; a refusal that it expects, it handles itself</param>
    /// <param name="time">the clock of <see cref="RabbitMqClientLimits.ControlPatience"/></param>
    /// <param name="cancellationToken">ends the wait</param>
    /// <exception cref="LogUnavailableException">the broker does not answer, or refuses</exception>
    public static Task<T> RunAsync<T>(
        RabbitMqConnection connection, string what, Func<RabbitMqLink, IChannel, CancellationToken, Task<T>> operation, TimeProvider time, CancellationToken cancellationToken) =>
        RunAsync(connection, Unconfirmed, what, operation, time, cancellationToken);

    /// <summary>Runs one operation on a channel of this kind.</summary>
    /// <inheritdoc cref="RunAsync{T}(RabbitMqConnection, string, Func{RabbitMqLink, IChannel, CancellationToken, Task{T}}, TimeProvider, CancellationToken)"/>
    public static async Task<T> RunAsync<T>(
        RabbitMqConnection connection,
        CreateChannelOptions kind,
        string what,
        Func<RabbitMqLink, IChannel, CancellationToken, Task<T>> operation,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var link = await connection.OpenAsync(cancellationToken);
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ControlPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            var channel = await link.OpenChannelAsync(kind, either.Token);
            try
            {
                return await operation(link, channel, either.Token);
            }
            finally
            {
                await CloseAsync(link, channel);
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && RabbitMqFaults.IsFault(exception) && exception is not LogUnavailableException)
        {
            if (exception is OperationCanceledException or TimeoutException)
            {
                link.Abandon($"{what} took too long");
            }

            throw new LogUnavailableException($"RabbitMQ failed at {what}: {exception.Message}", exception);
        }
    }

    /// <summary>Closes a channel. If the broker does not answer even that, the connection is given up: a consumer left behind would keep others from being active.</summary>
    public static async ValueTask CloseAsync(RabbitMqLink link, IChannel channel)
    {
        try
        {
            await channel.CloseAsync();
            await channel.DisposeAsync();
        }
        catch (Exception exception) when (RabbitMqFaults.IsFault(exception))
        {
            if (exception is OperationCanceledException or TimeoutException)
            {
                link.Abandon("closing a channel took too long");
            }
        }
    }

    /// <summary>Closes a channel on which something has no answer yet, without waiting for it: the broker closes it when it has come to the end of that.</summary>
    public static async Task CloseLateAsync(IChannel channel)
    {
        try
        {
            await channel.CloseAsync();
            await channel.DisposeAsync();
        }
        catch (Exception exception) when (RabbitMqFaults.IsFault(exception) || exception is InvalidOperationException)
        {
            // The client takes the late answer to what was asked before for a wrong one. Sent is all that it must be: it is carried out behind what it follows, or with the end of the connection.
        }
    }

    /// <summary>Whether the broker still answers on this connection: what has no answer is then not the broker's fault, nor the way's.</summary>
    public static async ValueTask<bool> AnswersAsync(RabbitMqLink link, TimeProvider time)
    {
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.AnswerPatience, time);
        try
        {
            await using var channel = await link.OpenChannelAsync(Unconfirmed, patience.Token);
            return true;
        }
        catch (Exception exception) when (RabbitMqFaults.IsFault(exception))
        {
            return false;
        }
    }
}
