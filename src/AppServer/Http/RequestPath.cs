using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Mjolnir.AppServer.Http;

/// <summary>
/// Reads paths off the request line. Files are looked up by name in memory, so nothing can be reached outside the application however a path is written; what only attackers write
/// (encoded slashes and dots, backslashes, control characters) is refused all the same, since something behind us may not be so lucky.
/// </summary>
internal static class RequestPath
{
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        "\\\u007f\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f" +
        "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f");

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The path part of a request target, still escaped; the empty text if it has none.</summary>
    public static ReadOnlySpan<char> Raw(string target)
    {
        var path = target.AsSpan();
        if (path is not ['/', ..])
        {
            var scheme = path.IndexOf("://");
            var slash = scheme < 0 ? -1 : path[(scheme + 3)..].IndexOf('/');
            path = slash < 0 ? [] : path[(scheme + 3 + slash)..];
        }

        var end = path.IndexOfAny('?', '#');
        return end < 0 ? path : path[..end];
    }

    /// <summary>The unescaped path of a file; false if it is none that an honest client sends.</summary>
    public static bool TryRead(ReadOnlySpan<char> raw, [NotNullWhen(true)] out string? path)
    {
        path = null;
        if (raw is not ['/', ..] || raw.Length > AppServerLimits.PathCharacters || raw.Contains("%2f", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return TryUnescape(raw, out path) && !HasDotSegment(path);
    }

    /// <summary>Unescapes <c>%XX</c>; false for incomplete escapes, invalid UTF-8, control characters and backslashes.</summary>
    public static bool TryUnescape(ReadOnlySpan<char> raw, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!raw.Contains('%'))
        {
            text = raw.ToString();
        }
        else if (!TryUnescapeBytes(raw, out text))
        {
            return false;
        }

        return !text.AsSpan().ContainsAny(Forbidden);
    }

    private static bool TryUnescapeBytes(ReadOnlySpan<char> raw, [NotNullWhen(true)] out string? text)
    {
        text = null;
        var bytes = new byte[Strict.GetMaxByteCount(raw.Length)];
        var length = 0;
        while (raw.Length > 0)
        {
            if (raw[0] != '%')
            {
                var plain = raw.IndexOf('%') is var next && next < 0 ? raw : raw[..next];
                length += Encoding.UTF8.GetBytes(plain, bytes.AsSpan(length));
                raw = raw[plain.Length..];
            }
            else if (raw.Length < 3 || Convert.FromHexString(raw.Slice(1, 2), bytes.AsSpan(length), out _, out _) != OperationStatus.Done)
            {
                return false;
            }
            else
            {
                length++;
                raw = raw[3..];
            }
        }

        return TryDecode(bytes.AsSpan(0, length), out text);
    }

    private static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        text = System.Text.Unicode.Utf8.IsValid(bytes) ? Strict.GetString(bytes) : null;
        return text is not null;
    }

    private static bool HasDotSegment(ReadOnlySpan<char> path)
    {
        foreach (var range in path[1..].Split('/'))
        {
            if (path[1..][range] is "." or "..")
            {
                return true;
            }
        }

        return false;
    }
}
