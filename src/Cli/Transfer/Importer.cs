using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mjolnir.Cli.Transfer;

/// <summary>What a server says of some rows; members that an answer lacks keep their defaults.</summary>
internal sealed record RowsAnswer(int Inserted = 0, int Replaced = 0, int Kept = 0, string? Reason = null, string? Key = null, IReadOnlyList<RowMistake>? Mistakes = null);

/// <summary>A mistake in the rows sent; lines count from the first sent.</summary>
internal sealed record RowMistake(int Line, int Column, string Message, string? Hint);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RowsAnswer))]
[JsonSerializable(typeof(string))]
internal sealed partial class TransferJson : JsonSerializerContext;

/// <summary>What an import did.</summary>
internal sealed class ImportTotals
{
    private long _inserted;
    private long _replaced;
    private long _kept;

    public long Inserted => _inserted;

    public long Replaced => _replaced;

    public long Kept => _kept;

    public void Add(RowsAnswer answer)
    {
        Interlocked.Add(ref _inserted, answer.Inserted);
        Interlocked.Add(ref _replaced, answer.Replaced);
        Interlocked.Add(ref _kept, answer.Kept);
    }
}

/// <summary>
/// Brings files of rows to a running server: chunks of lines, several at a time, each tried again while the server is busy or healing. A chunk asked twice does no harm, so an import that
/// was cut short is simply begun again.
/// </summary>
/// <param name="http">the server, with the status token</param>
/// <param name="existing">what becomes of rows that exist: fail, keep or replace</param>
/// <param name="time">for waits</param>
/// <param name="progress">told of bytes brought</param>
internal sealed class Importer(HttpClient http, string existing, TimeProvider time, TransferProgress progress)
{
    private readonly ImportTotals _totals = new();

    /// <summary>Imports all files, one after the other.</summary>
    /// <exception cref="FailureException">rows are wrong or in the way (named by file and line), or the server takes none</exception>
    public async Task<ImportTotals> RunAsync(IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        progress.Begin("bytes", files.Sum(file => new FileInfo(file).Length));
        foreach (var file in files)
        {
            progress.What = $"bytes ({Path.GetFileName(file)})";
            var options = new ParallelOptions { MaxDegreeOfParallelism = TransferLimits.ChunksInFlight, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(RowLinesReader.Read(file), options, async (lines, stop) =>
            {
                _totals.Add(await BringAsync(lines, stop));
                progress.Add(lines.Text.Length);
            });
        }

        return _totals;
    }

    private async Task<RowsAnswer> BringAsync(RowLines lines, CancellationToken cancellationToken)
    {
        var url = $"/_mjolnir/rows/{Uri.EscapeDataString(Path.GetFileNameWithoutExtension(lines.File))}?existing={existing}";
        for (var began = time.GetTimestamp(); ;)
        {
            var (status, answer, wait) = await AskAsync(url, lines, cancellationToken);
            switch (status)
            {
                case HttpStatusCode.OK:
                    return answer;
                case HttpStatusCode.BadRequest when answer.Mistakes is { Count: > 0 } mistakes:
                    throw new FailureException(string.Join('\n', mistakes.Take(TransferLimits.MistakesShown).Select(mistake => Text(lines, mistake))), "Repair the file; rows of other chunks may be written already, and importing again does no harm.");
                case HttpStatusCode.Conflict:
                    throw new FailureException($"{Place(lines, answer.Key)}: {answer.Reason}", "Replace or keep what exists: --existing replace | keep");
                case null or HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout
                    when time.GetElapsedTime(began) < TransferLimits.ChunkPatience:
                    await Task.Delay(wait, time, cancellationToken);
                    break;
                default:
                    throw new FailureException(
                        $"{http.BaseAddress} did not take rows of {lines.File} from line {lines.FirstLine} on: {answer.Reason ?? (status is { } code ? $"it answered {(int)code}" : "nobody answers there")}",
                        status == HttpStatusCode.Unauthorized ? "Its token is in its secrets: --data DIR, --config FILE or MJOLNIR_TOKEN." : "Rows that were brought stay. When this is mended, import again: it does no harm.");
            }
        }
    }

    private async Task<(HttpStatusCode? Status, RowsAnswer Answer, TimeSpan Wait)> AskAsync(string url, RowLines lines, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new ReadOnlyMemoryContent(lines.Text);
            using var response = await http.PostAsync(url, content, cancellationToken);
            var wait = response.Headers.RetryAfter?.Delta ?? TransferLimits.ChunkPause;
            return (response.StatusCode, Parsed(await response.Content.ReadAsByteArrayAsync(cancellationToken)), wait);
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, new RowsAnswer(), TransferLimits.ChunkPause);
        }
    }

    private static RowsAnswer Parsed(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, TransferJson.Default.RowsAnswer) ?? new RowsAnswer();
        }
        catch (JsonException)
        {
            // Something else than a server of ours answered; its status tells enough.
            return new RowsAnswer();
        }
    }

    private static string Text(RowLines lines, RowMistake mistake) => string.Create(CultureInfo.InvariantCulture,
        $"{lines.File}:{lines.FirstLine + mistake.Line - 1}:{mistake.Column}: {mistake.Message}{(mistake.Hint is null ? "" : $" ({mistake.Hint})")}");

    /// <summary>The first line that has the key as a value; the file alone if none has it in this very form.</summary>
    private static string Place(RowLines lines, string? key)
    {
        var number = lines.FirstLine;
        foreach (var line in System.Text.Encoding.UTF8.GetString(lines.Text.Span).Split('\n'))
        {
            if (key is not null && (line.Contains(JsonSerializer.Serialize(key, TransferJson.Default.String), StringComparison.Ordinal) || line.Contains($"\"{key}\"", StringComparison.Ordinal)))
            {
                return string.Create(CultureInfo.InvariantCulture, $"{lines.File}:{number}");
            }

            number++;
        }

        return lines.File;
    }
}
