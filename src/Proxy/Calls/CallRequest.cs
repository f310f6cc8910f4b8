using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Mjolnir.Core.Telemetry;
using Mjolnir.Proxy.Http;

namespace Mjolnir.Proxy.Calls;

/// <summary>A call as it goes to an app server: head and body in one piece of pooled memory, so that it is one write and can be sent again elsewhere.</summary>
internal sealed class CallRequest : IDisposable
{
    private const int FixedBytes = 640;

    // What may not stand in a header's value or a request's target, whatever let it through (RFC 9110, 5.5).
    private static readonly SearchValues<char> Forbidden = SearchValues.Create("\r\n\0");
    private static readonly SearchValues<char> TargetCharacters = SearchValues.Create(
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private byte[] _buffer;
    private int _length;
    private int _bodyStart;

    private CallRequest(int bytes) => _buffer = ArrayPool<byte>.Shared.Rent(bytes);

    /// <summary>Everything that is sent.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>The body in it.</summary>
    public ReadOnlyMemory<byte> Body => _buffer.AsMemory(_bodyStart, _length - _bodyStart);

    /// <summary>Writes a request; null if something in it cannot be passed on in one line.</summary>
    public static CallRequest? Create(ProxyExchange exchange, in ReadOnlySequence<byte> body, bool learn)
    {
        var headers = exchange.Request.Headers;
        var bytes = FixedBytes + (3 * exchange.Target.Length) + (3 * headers.Host.ToString().Length * 2) + (int)body.Length;
        foreach (var (name, values) in headers)
        {
            bytes += values.Count * (name.Length + 4);
            foreach (var value in values)
            {
                bytes += 3 * (value?.Length ?? 0);
            }
        }

        var request = new CallRequest(bytes);
        if (exchange.Target.AsSpan().ContainsAnyExcept(TargetCharacters) || !request.TryWrite(exchange, headers, body, learn))
        {
            request.Dispose();
            return null;
        }

        return request;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, []) is { Length: > 0 } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool TryWrite(ProxyExchange exchange, IHeaderDictionary headers, in ReadOnlySequence<byte> body, bool learn)
    {
        var request = exchange.Request;
        var host = headers.Host.ToString();
        Write("POST "u8);
        Write(exchange.Target);
        Write(" HTTP/1.1"u8);
        var isGood = TryWrite("Host", host)
            && TryWrite(ForwardedHeaders.For, ForwardedHeaders.ClientAddress(exchange.Context))
            && TryWrite(ForwardedHeaders.Proto, request.IsHttps ? "https" : "http")
            && TryWrite(ForwardedHeaders.Host, host);
        foreach (var (name, values) in headers)
        {
            if (!ForwardedHeaders.Passes(name) || (exchange.TraceParent is not null && name.Equals(Tracing.Header, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            foreach (var value in values)
            {
                isGood &= TryWrite(name, value);
            }
        }

        isGood &= exchange.TraceParent is not { } trace || TryWrite(Tracing.Header, trace);
        Write(learn ? "\r\nMjolnir-Placed: 1\r\nMjolnir-Learn: 1\r\nContent-Length: "u8 : "\r\nMjolnir-Placed: 1\r\nContent-Length: "u8);
        ((int)body.Length).TryFormat(_buffer.AsSpan(_length), out var digits, default, CultureInfo.InvariantCulture);
        _length += digits;
        Write("\r\n\r\n"u8);
        _bodyStart = _length;
        body.CopyTo(_buffer.AsSpan(_length));
        _length += (int)body.Length;
        return isGood;
    }

    private bool TryWrite(string name, string? value)
    {
        if (value is null)
        {
            return true;
        }

        if (value.AsSpan().ContainsAny(Forbidden) || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            return false;
        }

        Write("\r\n"u8);
        Write(name);
        Write(": "u8);
        Write(value);
        return true;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Write(string text) => _length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length));
}
