using System.Text.Json;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;

namespace Mjolnir.AppServer.Sessions;

/// <summary>How a sign-in or sign-up ended.</summary>
internal enum AccountOutcome
{
    /// <summary>The user is who they say.</summary>
    Welcome,

    /// <summary>No such user, or another password: the same to whoever asks.</summary>
    Wrong,

    /// <summary>Sign-up: the name belongs to somebody.</summary>
    Taken,

    /// <summary>Too much load, or rows cannot be read or written just now.</summary>
    Unavailable,

    /// <summary>Sign-up: the name, though short enough in characters, is too long for a row's key.</summary>
    NameTooLong,
}

/// <summary>Users' records: rows <c>app/_users/NAME</c> with <c>{"name","hash","created"}</c>, written by built-in transactions.</summary>
internal sealed class UserAccounts(ITransactionRouter router, Passwords passwords, TimeProvider time)
{
    /// <summary>Checks a password against the user's record.</summary>
    public async ValueTask<AccountOutcome> SignInAsync(string app, string user, string password, CancellationToken cancellationToken)
    {
        Document? record;
        try
        {
            record = UserNames.TryKey(app, user, out var key) ? await router.Beside(key).ReadAsync(key, cancellationToken) : null;
        }
        catch (TimeoutException)
        {
            // What a read says when its shard or log is healing.
            return AccountOutcome.Unavailable;
        }

        return await passwords.CheckAsync(HashOf(record), password, cancellationToken) switch
        {
            true => AccountOutcome.Welcome,
            false => AccountOutcome.Wrong,
            null => AccountOutcome.Unavailable,
        };
    }

    /// <summary>Makes a user unless the name is taken.</summary>
    public async ValueTask<AccountOutcome> SignUpAsync(string app, string user, string password, CancellationToken cancellationToken)
    {
        if (!UserNames.TryKey(app, user, out var key))
        {
            return AccountOutcome.NameTooLong;
        }

        var hash = await passwords.HashAsync(password, cancellationToken);
        if (hash is null)
        {
            return AccountOutcome.Unavailable;
        }

        var record = Record(user, hash);
        var taken = false;
        var status = await router.Beside(key).RunBuiltInAsync(
            (rows, writes) =>
            {
                if (!rows.TryRead(key, out var row))
                {
                    return false;
                }

                taken = row is not null;
                if (!taken)
                {
                    writes.Add(new(key, record));
                }

                return true;
            },
            cancellationToken);
        return status != TransactionStatus.Committed ? AccountOutcome.Unavailable : taken ? AccountOutcome.Taken : AccountOutcome.Welcome;
    }

    private Document Record(string user, string hash)
        => new(JsonSerializer.SerializeToUtf8Bytes(new { name = user, hash, created = time.GetUtcNow().ToUnixTimeMilliseconds() }));

    private static string? HashOf(Document? record)
    {
        if (record is null)
        {
            return null;
        }

        using var json = JsonDocument.Parse(record.Utf8);
        return json.RootElement.TryGetProperty("hash", out var hash) ? hash.GetString() : null;
    }
}
