using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// The text in the cookie: <c>1.USER.ID.ISSUED.EXPIRES.MAC</c>, user and MAC in base64url, times in Unix seconds. The MAC is HMAC-SHA256 over the scope and all before it.
/// The scope names application and sign-in mode: a name let in without password is nobody once passwords are asked for.
/// </summary>
internal sealed class SessionTokens(IReadOnlyList<byte[]> keys, string scope)
{
    private const int Parts = 6;

    private readonly byte[] _scope = Encoding.UTF8.GetBytes(scope + "\n");

    public string Sign(Session session)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"1.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(session.User))}.{session.Id}.{session.Issued}.{session.Expires}");
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Mac(keys[0], text, mac);
        return $"{text}.{Base64Url.EncodeToString(mac)}";
    }

    /// <summary>True if one of our keys signed this text. Says nothing of expiry or sign-out.</summary>
    public bool TryVerify(ReadOnlySpan<char> token, [NotNullWhen(true)] out Session? session)
    {
        session = null;
        var macAt = token.LastIndexOf('.');
        if (macAt < 0 || token.Length > AppServerLimits.TokenCharacters || !IsSigned(token[..macAt], token[(macAt + 1)..]))
        {
            return false;
        }

        session = Parse(token);
        return session is not null;
    }

    private bool IsSigned(ReadOnlySpan<char> text, ReadOnlySpan<char> mac)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (mac.Length != Base64Url.GetEncodedLength(given.Length) || !TryDecode(mac, given, out var written) || written != given.Length)
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var signed = false;
        foreach (var key in keys)
        {
            Mac(key, text, expected);
            signed |= CryptographicOperations.FixedTimeEquals(expected, given);
        }

        return signed;
    }

    private void Mac(byte[] key, ReadOnlySpan<char> text, Span<byte> mac)
    {
        Span<byte> message = stackalloc byte[(AppServerLimits.TokenCharacters * 3) + _scope.Length];
        _scope.CopyTo(message);
        var length = _scope.Length + Encoding.UTF8.GetBytes(text, message[_scope.Length..]);
        HMACSHA256.HashData(key, message[..length], mac);
    }

    /// <summary>The text is ours, so it has our form; anything else would be a fault of an older version and is nobody.</summary>
    private static Session? Parse(ReadOnlySpan<char> token)
    {
        Span<Range> parts = stackalloc Range[Parts + 1];
        if (token.Split(parts, '.') != Parts || token[parts[0]] is not "1")
        {
            return null;
        }

        var user = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token[parts[1]]));
        return long.TryParse(token[parts[3]], NumberStyles.None, CultureInfo.InvariantCulture, out var issued)
            && long.TryParse(token[parts[4]], NumberStyles.None, CultureInfo.InvariantCulture, out var expires)
            ? new Session(user, token[parts[2]].ToString(), issued, expires)
            : null;
    }

    private static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes, out int written)
        => Base64Url.DecodeFromChars(text, bytes, out _, out written) == System.Buffers.OperationStatus.Done;
}
