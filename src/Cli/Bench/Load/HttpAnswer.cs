using System.Buffers.Text;
using System.Text;

namespace Mjolnir.Cli.Bench.Load;

/// <summary>One answer as it lies in the receive buffer: good until the connection's next request.</summary>
internal readonly ref struct HttpAnswer
{
    private HttpAnswer(int status, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        Status = status;
        Head = head;
        Body = body;
    }

    public int Status { get; }

    public ReadOnlySpan<byte> Head { get; }

    public ReadOnlySpan<byte> Body { get; }

    /// <summary>True when the head and as many bytes as its Content-Length says are there. Every answer to a transaction has one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> received, out HttpAnswer answer)
    {
        answer = default;
        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        var head = received[..(end + 2)];
        _ = Utf8Parser.TryParse(head[9..], out int status, out _);
        _ = Utf8Parser.TryParse(Header(head, "\r\nContent-Length: "u8), out int length, out _);
        if (received.Length < end + 4 + length)
        {
            return false;
        }

        answer = new HttpAnswer(status, head, received.Slice(end + 4, length));
        return true;
    }

    public int RetryAfterSeconds => Utf8Parser.TryParse(Header(Head, "\r\nRetry-After: "u8), out int seconds, out _) ? seconds : 1;

    /// <summary>The server says that it ran beside one of its rows.</summary>
    public bool IsPredicted => Header(Head, "\r\nMjolnir-Routed: "u8).SequenceEqual("predicted"u8);

    /// <summary>Reads <c>Server-Timing: route;dur=0.01, read;dur=…</c>; false if there is none.</summary>
    public bool TryReadTimes(Span<double> milliseconds)
    {
        var value = Header(Head, "\r\nServer-Timing: "u8);
        milliseconds.Clear();
        Span<byte> label = stackalloc byte[16];
        for (var i = 0; i < ServerTimes.Parts.Count; i++)
        {
            var written = Encoding.ASCII.GetBytes(ServerTimes.Parts[i], label);
            ";dur="u8.CopyTo(label[written..]);
            var at = value.IndexOf(label[..(written + 5)]);
            if (at >= 0)
            {
                _ = Utf8Parser.TryParse(value[(at + written + 5)..], out milliseconds[i], out _);
            }
        }

        return !value.IsEmpty;
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var at = head.IndexOf(name);
        if (at < 0)
        {
            return default;
        }

        var rest = head[(at + name.Length)..];
        return rest[..rest.IndexOf("\r\n"u8)];
    }
}
