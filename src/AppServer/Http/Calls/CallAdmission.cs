using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Telemetry;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>The last checks before a call runs, the same over POST and WebSocket; then the call as transactions want it. Only what passed here ever reaches the lane.</summary>
internal sealed class CallAdmission(AppServerHttpOptions options, HttpMetrics metrics)
{
    private readonly TokenBuckets? _rates = options.CallRate is { } rate ? new TokenBuckets(rate, options.Time) : null;

    /// <summary>Null if the call may run.</summary>
    /// <param name="message">the call; its handler is known and allowed</param>
    /// <param name="handler">the handler</param>
    /// <param name="session">the user; null for everyone's handlers</param>
    /// <param name="address">whose rate counts when nobody is signed in</param>
    public Refusal? Refuses(in CallMessage message, CallableHandler handler, Session? session, string? address)
    {
        if (message.UnknownPage || (message.Page is { } page && !handler.IsOn(page)))
        {
            return handler.NotOnPage;
        }

        return TooOften(session, address);
    }

    /// <summary>Counts one call, or one rendering of a page, against whoever asks for it. Null if it may be done.</summary>
    /// <param name="session">the user; null if nobody is signed in</param>
    /// <param name="address">whose rate counts then</param>
    public Refusal? TooOften(Session? session, string? address)
    {
        if (_rates is null || _rates.TryTake(RateNames.Of(session, address)))
        {
            return null;
        }

        Interlocked.Increment(ref metrics.RateLimited);
        return Refusal.TooOften;
    }

    public ValueTask<TransactionAnswer> RunAsync(in CallMessage message, CallableHandler handler, ServedApplication application, Session? session, ProxyWishes wishes, CancellationToken cancellationToken)
    {
        var call = new TransactionCall(
            new HandlerCall
            {
                Application = application.Application,
                Handler = handler.Handler,
                User = session?.User,
                Args = message.Args,
                Inputs = message.Inputs,
                Globals = message.Globals,
                Event = message.Event,
                Page = message.Page?.Path,
                Partial = message.Partial,
                Seed = new TransactionSeed(options.Time.GetUtcNow().ToUnixTimeMilliseconds(), options.RandomSeeds()),
            },
            message.Id)
        {
            WantsKeys = wishes.WantsKeys,
            IsPlaced = wishes.IsPlaced,
            Trace = Tracing.Current,
        };
        return options.Router.Route(call).RunAsync(call, cancellationToken);
    }
}
