using System.Buffers;
using System.Text.Json;
using Mjolnir.Core.Keys;

namespace Mjolnir.Cli.Transfer;

/// <summary>One table's file being written.</summary>
internal sealed class TableFile : IAsyncDisposable
{
    /// <summary>The table of <c>kv</c> pairs, whose values are no rows.</summary>
    public const string Pairs = "_kv";

    /// <summary>The files' ending.</summary>
    public const string Extension = ".ndjson";

    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _prefix;
    private readonly FileStream _file;
    private readonly ArrayBufferWriter<byte> _buffer = new(TransferLimits.FileBuffer + 4096);

    public TableFile(string folder, RowKey key)
    {
        (App, Table) = (key.App, key.Table);
        _prefix = $"{App}/{Table}/";
        _file = new FileStream(Path.Combine(folder, Table + Extension), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0, useAsync: true);
    }

    public string App { get; }

    public string Table { get; }

    public long Rows { get; private set; }

    public bool Holds(RowKey key) => key.Text.StartsWith(_prefix, StringComparison.Ordinal);

    public async ValueTask AddAsync(RowKey key, ReadOnlyMemory<byte> document, CancellationToken cancellationToken)
    {
        if (Table == Pairs)
        {
            WritePair(key.PrimaryKey, document.Span);
        }
        else
        {
            _buffer.Write(document.Span);
        }

        _buffer.Write("\n"u8);
        Rows++;
        if (_buffer.WrittenCount >= TransferLimits.FileBuffer)
        {
            await FlushAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_file.CanWrite)
        {
            await FlushAsync(CancellationToken.None);
            await _file.DisposeAsync();
        }
    }

    private void WritePair(string key, ReadOnlySpan<byte> value)
    {
        using var json = new Utf8JsonWriter(_buffer, Writing);
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WritePropertyName("value");
        json.WriteRawValue(value, skipInputValidation: true);
        json.WriteEndObject();
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _file.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }
}
