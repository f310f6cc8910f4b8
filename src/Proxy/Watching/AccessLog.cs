using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Mjolnir.Proxy.Http;

namespace Mjolnir.Proxy.Watching;

/// <summary>A request, as the access log tells it. No cookies, no bodies, nothing behind a question mark.</summary>
/// <param name="Time">when it was answered</param>
/// <param name="Client">the client's address</param>
/// <param name="Method">the method</param>
/// <param name="Host">the host that was asked for</param>
/// <param name="Path">the path, without query</param>
/// <param name="Protocol">HTTP/1.1 or HTTP/2</param>
/// <param name="Code">status of the answer</param>
/// <param name="Bytes">of the answer's body, as far as known</param>
/// <param name="Spent">from request to answer</param>
/// <param name="Server">who answered; null: the proxy</param>
/// <param name="Attempts">servers it was sent to</param>
/// <param name="Routed">how a call was routed</param>
internal readonly record struct AccessLine(
    DateTimeOffset Time, string Client, string Method, string Host, string Path, string Protocol, int Code, long Bytes, TimeSpan Spent, string? Server, int Attempts, Routed Routed);

/// <summary>One JSON line per request. Requests never wait for it: lines that come faster than they can be written are dropped and counted.</summary>
internal sealed class AccessLog : IAsyncDisposable
{
    private readonly Channel<AccessLine> _lines;
    private readonly AccessLogFile _file;
    private readonly Task _writing;
    private readonly ILogger _log;
    private long _dropped;

    public AccessLog(AccessLogOptions options, int waiting, ILogger log)
    {
        _log = log;
        _file = new AccessLogFile(options);
        _lines = Channel.CreateBounded<AccessLine>(new BoundedChannelOptions(waiting) { SingleReader = true });
        _writing = Task.Run(WriteAllAsync);
    }

    public long Dropped => Volatile.Read(ref _dropped);

    public void Add(in AccessLine line)
    {
        if (!_lines.Writer.TryWrite(line))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Writes what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
        await _file.DisposeAsync();
    }

    private async Task WriteAllAsync()
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using var json = new Utf8JsonWriter(buffer);
        while (await _lines.Reader.WaitToReadAsync())
        {
            var count = 0;
            while (buffer.WrittenCount < 48 * 1024 && _lines.Reader.TryRead(out var line))
            {
                Write(json, line);
                json.Flush();
                json.Reset();
                buffer.Write("\n"u8);
                count++;
            }

            await WriteAsync(buffer.WrittenMemory, count);
            buffer.ResetWrittenCount();
        }
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> lines, int count)
    {
        try
        {
            await _file.WriteAsync(lines);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Interlocked.Add(ref _dropped, count);
            if (_file.IsFirstFault)
            {
                ProxyLog.AccessLogFailed(_log, _file.Name, e.Message);
            }

            _file.IsFirstFault = false;
        }
    }

    private static void Write(Utf8JsonWriter json, in AccessLine line)
    {
        json.WriteStartObject();
        json.WriteString("time", line.Time);
        json.WriteString("client", line.Client);
        json.WriteString("method", line.Method);
        json.WriteString("host", line.Host);
        json.WriteString("path", line.Path);
        json.WriteString("protocol", line.Protocol);
        json.WriteNumber("code", line.Code);
        json.WriteNumber("bytes", line.Bytes);
        json.WriteNumber("ms", Math.Round(line.Spent.TotalMilliseconds, 3));
        if (line.Server is not null)
        {
            json.WriteString("server", line.Server);
            json.WriteNumber("attempts", line.Attempts);
        }

        if (line.Routed != Routed.None)
        {
            json.WriteString("routed", line.Routed == Routed.Predicted ? "predicted" : "missed");
        }

        json.WriteEndObject();
    }
}

/// <summary>Where the lines go: standard output, or a file that is renamed when it is large.</summary>
internal sealed class AccessLogFile(AccessLogOptions options) : IAsyncDisposable
{
    private Stream? _stream;

    public string Name => options.File ?? "standard output";

    /// <summary>False once it was said that it cannot be written, until it can.</summary>
    public bool IsFirstFault { get; set; } = true;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> lines)
    {
        _stream ??= Open();
        if (options.File is not null && _stream.Length > 0 && _stream.Length + lines.Length > options.FileBytes)
        {
            await _stream.DisposeAsync();
            _stream = null;
            Rotate(options.File);
            _stream = Open();
        }

        await _stream.WriteAsync(lines);
        await _stream.FlushAsync();
        IsFirstFault = true;
    }

    public ValueTask DisposeAsync() => _stream?.DisposeAsync() ?? default;

    private Stream Open() => options.File is { } file ? new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0) : Console.OpenStandardOutput();

    private void Rotate(string file)
    {
        for (var i = options.OldFiles - 1; i >= 0; i--)
        {
            var from = i == 0 ? file : $"{file}.{i}";
            if (File.Exists(from))
            {
                File.Move(from, $"{file}.{i + 1}", overwrite: true);
            }
        }

        if (options.OldFiles == 0)
        {
            File.Delete(file);
        }
    }
}
