using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Http.Operators;

namespace Mjolnir.AppServer.Sessions;

/// <summary><c>/_mjolnir/session</c> and <c>/_mjolnir/users</c>: signing in, up and out, and asking who one is.</summary>
internal sealed class SessionEndpoint(AppServerHttpOptions options, SessionBook sessions, UserAccounts accounts, HttpMetrics metrics)
{
    private static readonly Refusal Wrong = new(401, "Name or password is wrong.");
    private static readonly Refusal Taken = new(409, "This name is taken.");
    private static readonly Refusal NameTooLong = new(400, "The user name is too long.");
    private static readonly Refusal NotCredentials = new(400, "The body must be {\"user\": \"…\", \"password\": \"…\"}.");
    private static readonly Refusal MethodNotAllowed = new(405, "This is asked by other methods.");

    private readonly TokenBuckets _failuresOfUser = new(new(AppServerLimits.FailedSignInsPerUserSecond, AppServerLimits.FailedSignInsPerUser), options.Time);
    private readonly TokenBuckets _failuresOfAddress = new(new(AppServerLimits.FailedSignInsPerAddressSecond, AppServerLimits.FailedSignInsPerAddress), options.Time);
    private readonly TokenBuckets _signUps = new(new(AppServerLimits.SignUpsPerAddressSecond, AppServerLimits.SignUpsPerAddress), options.Time);

    private bool IsOpen => options.SignIn == SignInMode.Open;

    public Task HandleSessionAsync(HttpExchange exchange)
    {
        var method = exchange.Request.Method;
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))
        {
            var session = exchange.Session(sessions);
            SessionCookie.RenewIfDue(exchange, session, sessions);
            return WriteUserAsync(exchange, session?.User);
        }

        if (HttpMethods.IsPost(method))
        {
            return HandleCredentialsAsync(exchange, SignInAsync);
        }

        return HttpMethods.IsDelete(method) ? SignOutAsync(exchange) : NotAllowedAsync(exchange, "GET, POST, DELETE");
    }

    public Task HandleUsersAsync(HttpExchange exchange)
        => HttpMethods.IsPost(exchange.Request.Method) ? HandleCredentialsAsync(exchange, IsOpen ? SignInAsync : SignUpAsync) : NotAllowedAsync(exchange, "POST");

    private static Task NotAllowedAsync(HttpExchange exchange, string allowed)
    {
        exchange.Response.Headers.Allow = allowed;
        return Problem.WriteAsync(exchange, MethodNotAllowed);
    }

    private Task SignOutAsync(HttpExchange exchange)
    {
        if (!RequestOrigin.IsSameSite(exchange))
        {
            return Problem.WriteAsync(exchange, Refusal.OtherSite);
        }

        if (exchange.Session(sessions) is { } session)
        {
            sessions.End(session);
        }

        SessionCookie.Clear(exchange);
        return Answer.EmptyAsync(exchange, StatusCodes.Status204NoContent);
    }

    private async Task HandleCredentialsAsync(HttpExchange exchange, Func<HttpExchange, Credentials, Task<Refusal?>> check)
    {
        var refusal = await ReadAsync(exchange) is (var credentials, var fault) && fault is null ? await check(exchange, credentials) : fault;
        if (refusal is not null)
        {
            await Problem.WriteAsync(exchange, refusal);
            return;
        }

        // Somebody else's session in this browser ends with the new one's beginning.
        if (exchange.Session(sessions) is { } before)
        {
            sessions.End(before);
        }

        SessionCookie.Set(exchange, sessions.Token(sessions.Open(credentials.User)));
        await WriteUserAsync(exchange, credentials.User);
    }

    private static async Task<(Credentials Credentials, Refusal? Fault)> ReadAsync(HttpExchange exchange)
    {
        if (!RequestOrigin.IsSameSite(exchange))
        {
            return (default, Refusal.OtherSite);
        }

        if (!RequestBody.IsJson(exchange.Request))
        {
            return (default, Refusal.NotJson);
        }

        var body = await RequestBody.ReadAsync(exchange.Request, AppServerLimits.CredentialBytes, exchange.Context.RequestAborted);
        if (body is not { } json)
        {
            return (default, Refusal.BodyTooLarge);
        }

        return Credentials.Read(json) is { } credentials
            ? (credentials, UserNames.Fault(credentials.User) is { } fault ? new Refusal(400, fault) : null)
            : (default, NotCredentials);
    }

    private async Task<Refusal?> SignInAsync(HttpExchange exchange, Credentials credentials)
    {
        if (IsOpen)
        {
            Interlocked.Increment(ref metrics.SignIns);
            return null;
        }

        var address = RequestOrigin.Address(exchange);
        if (!_failuresOfUser.MayTake(credentials.User) || !_failuresOfAddress.MayTake(address))
        {
            return Refusal.TooOften with { RetryAfterSeconds = (int)(1 / AppServerLimits.FailedSignInsPerUserSecond) };
        }

        var outcome = credentials.Password.Length > AppServerLimits.PasswordCharactersMost
            ? AccountOutcome.Wrong
            : await accounts.SignInAsync(options.Applications.Current.Name, credentials.User, credentials.Password, exchange.Context.RequestAborted);
        Count(outcome, credentials.User, address);
        return RefusalFor(outcome);
    }

    private void Count(AccountOutcome outcome, string user, string address)
    {
        if (outcome == AccountOutcome.Welcome)
        {
            Interlocked.Increment(ref metrics.SignIns);
        }
        else if (outcome == AccountOutcome.Wrong)
        {
            Interlocked.Increment(ref metrics.SignInsFailed);

            // Charged, not taken: guesses that were under way together were all let in before the first of them failed.
            _failuresOfUser.Charge(user);
            _failuresOfAddress.Charge(address);
        }
    }

    private async Task<Refusal?> SignUpAsync(HttpExchange exchange, Credentials credentials)
    {
        if ((UserNames.NewFault(credentials.User) ?? UserNames.PasswordFault(credentials.Password)) is { } fault)
        {
            return new Refusal(400, fault);
        }

        if (!_signUps.TryTake(RequestOrigin.Address(exchange)))
        {
            return Refusal.TooOften;
        }

        var outcome = await accounts.SignUpAsync(options.Applications.Current.Name, credentials.User, credentials.Password, exchange.Context.RequestAborted);
        if (outcome == AccountOutcome.Welcome)
        {
            Interlocked.Increment(ref metrics.SignUps);
        }

        return RefusalFor(outcome);
    }

    private static Refusal? RefusalFor(AccountOutcome outcome) => outcome switch
    {
        AccountOutcome.Welcome => null,
        AccountOutcome.Wrong => Wrong,
        AccountOutcome.Taken => Taken,
        AccountOutcome.NameTooLong => NameTooLong,
        _ => Refusal.Overloaded,
    };

    private Task WriteUserAsync(HttpExchange exchange, string? user)
    {
        var buffer = new ArrayBufferWriter<byte>(64);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("user", user);
            json.WriteString("signIn", IsOpen ? "open" : "password");
            json.WriteEndObject();
        }

        return Answer.WriteAsync(exchange, StatusCodes.Status200OK, Answer.Json, buffer.WrittenMemory);
    }
}
