using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>
/// <c>POST /_mjolnir/rows/{table}?existing=fail|keep|replace</c>: rows from operators, one JSON object per line, with the status token. They are checked as seed rows are; if any is wrong
/// nothing is written. Otherwise they are written in transactions of some rows each, and the answer counts them. Asked again after a lost answer, it does what is left to do.
/// </summary>
internal sealed class RowsEndpoint(AppServerHttpOptions options, string statusToken)
{
    public const string Prefix = "rows/";

    /// <summary>The pairs of <c>kv</c>, as rows of <c>{"key", "value"}</c>.</summary>
    private const string Pairs = "_kv";

    private static readonly Refusal TokenNeeded = new(401, "Rows are taken with the token of the secrets file: Authorization: Bearer …");
    private static readonly Refusal PostNeeded = new(405, "Rows are brought by POST.");
    private static readonly Refusal WrongExisting = new(400, "existing is 'fail', 'keep' or 'replace'.");
    private static readonly Refusal NoPlainText = new(400, "The rows must be sent uncompressed.");

    private static readonly TableSchema PairsTable = PairsAsTable();

    private readonly BearerToken _token = new(statusToken);

    public async Task HandleAsync(HttpExchange exchange, Application application, string table)
    {
        if (Refused(exchange, application, table, out var existing) is { } refusal)
        {
            await (refusal == TokenNeeded ? BearerToken.RefuseAsync(exchange, refusal) : Problem.WriteAsync(exchange, refusal));
            return;
        }

        if (await RequestBody.ReadAsync(exchange.Request, AppServerLimits.BodyBytes, exchange.Context.RequestAborted) is not { } body)
        {
            await Problem.WriteAsync(exchange, Refusal.BodyTooLarge);
            return;
        }

        var schema = table == Pairs ? PairsTable : application.Tables[table];
        var (rows, mistakes) = RowReader.Read(application.Name, schema, table, body);
        if (mistakes.Count > 0)
        {
            await Problem.WriteAsync(exchange, 400, Refusal.Status, "Some rows are not right; nothing was written.", mistakes, WriteMistakes);
            return;
        }

        if (rows.FirstOrDefault(row => row.Json.Length > RowsLimits.RowBytes) is { } large)
        {
            await Problem.WriteAsync(exchange, new Refusal(400, $"The row '{large.Key}' has {large.Json.Length} bytes; a row may have {RowsLimits.RowBytes}. Nothing was written."));
            return;
        }

        await AnswerAsync(exchange, await ImportAsync(application, table, rows, existing, exchange.Context.RequestAborted));
    }

    private Refusal? Refused(HttpExchange exchange, Application application, string table, out ExistingRows existing)
    {
        existing = ExistingRows.Fail;
        var request = exchange.Request;
        if (!_token.IsIn(request))
        {
            return TokenNeeded;
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            return PostNeeded;
        }

        if (table != Pairs && !application.Tables.ContainsKey(table))
        {
            return new Refusal(404, $"The application {application.Name} has no table '{table}'.");
        }

        if (request.Headers.ContentEncoding.Count > 0)
        {
            return NoPlainText;
        }

        var given = request.Query["existing"].ToString();
        return given.Length == 0 || (Enum.TryParse(given, ignoreCase: true, out existing) && Enum.IsDefined(existing)) ? null : WrongExisting;
    }

    private async Task<ImportResult> ImportAsync(Application application, string table, IReadOnlyList<SeedRow> rows, ExistingRows existing, CancellationToken stop)
    {
        var result = new ImportResult();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = RowsLimits.TransactionsInFlight, CancellationToken = stop };
        var chunks = rows.Select(row => Write(application.Name, table, row))
            .GroupBy(row => options.Router.Beside(row.Key))
            .SelectMany(beside => beside.Chunk(RowsLimits.RowsPerTransaction).Select(chunk => (Server: beside.Key, Rows: chunk)));
        await Parallel.ForEachAsync(chunks, parallel, async (chunk, token) =>
        {
            var import = new RowImport(application.Name, table == Pairs ? PairsTable : application.Tables[table], chunk.Rows, existing);
            var (status, refusal) = await chunk.Server.TryBuiltInAsync(import.Run, token);
            result.Add(status, import, refusal);
        });
        return result;
    }

    private static RowWrite Write(string app, string table, SeedRow row)
    {
        // The reader has refused keys that make none.
        _ = RowKey.TryCreate(app, table, row.Key, out var key);
        return new RowWrite(key, new Document(table == Pairs ? PairValue(row.Json) : row.Json));
    }

    /// <summary>The value of <c>{"key":…,"value":…}</c>, in either order.</summary>
    private static ReadOnlyMemory<byte> PairValue(ReadOnlyMemory<byte> pair)
    {
        var reader = new Utf8JsonReader(pair.Span);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
            {
                var isValue = reader.ValueTextEquals("value"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (isValue)
                {
                    return pair[start..(int)reader.BytesConsumed];
                }
            }
        }

        return "null"u8.ToArray();
    }

    private static Task AnswerAsync(HttpExchange exchange, ImportResult result)
    {
        if (result.Conflict is { } key)
        {
            return Problem.WriteAsync(exchange, 409, Refusal.Status, result.Taken is { } taken ? $"Near the row '{key.PrimaryKey}': {taken}." : $"The row '{key.PrimaryKey}' exists with other content.", result, static (json, result) =>
            {
                json.WriteString("key", result.Conflict!.Value.PrimaryKey);
                WriteCounts(json, result.Counts);
            });
        }

        if (!result.IsComplete)
        {
            return Problem.WriteAsync(exchange, result.NotReady is { } why ? new Refusal(503, $"Not all rows were written: {why.TrimEnd('.')}.", AppServerLimits.RetryAfterSeconds) : Refusal.Overloaded);
        }

        var buffer = new ArrayBufferWriter<byte>(64);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteCounts(json, result.Counts);
            json.WriteEndObject();
        }

        return Answer.WriteAsync(exchange, 200, Answer.Json, buffer.WrittenMemory);
    }

    private static void WriteCounts(Utf8JsonWriter json, ImportCounts counts)
    {
        json.WriteNumber("inserted", counts.Inserted);
        json.WriteNumber("replaced", counts.Replaced);
        json.WriteNumber("kept", counts.Kept);
    }

    private static void WriteMistakes(Utf8JsonWriter json, IReadOnlyList<Diagnostic> mistakes)
    {
        json.WriteStartArray("mistakes");
        foreach (var mistake in mistakes)
        {
            json.WriteStartObject();
            json.WriteNumber("line", mistake.Position.Line);
            json.WriteNumber("column", mistake.Position.Column);
            json.WriteString("message", mistake.Message);
            if (mistake.Hint is not null)
            {
                json.WriteString("hint", mistake.Hint);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static TableSchema PairsAsTable()
    {
        Column[] columns = [new Column("key", ColumnType.String), new Column("value", ColumnType.Json)];
        return new TableSchema(Pairs, "key", columns.ToFrozenDictionary(column => column.Name), columns, null);
    }

    /// <summary>What the transactions of one request did; they end on many threads.</summary>
    private sealed class ImportResult
    {
        private readonly Lock _lock = new();

        public ImportCounts Counts { get; private set; }

        public RowKey? Conflict { get; private set; }

        public string? Taken { get; private set; }

        /// <summary>Why some were not: a unique index, or what the committer said (a shard is full, a row too large); the request may come again.</summary>
        public string? NotReady { get; private set; }

        public bool IsComplete { get; private set; } = true;

        public void Add(TransactionStatus status, RowImport import, string? refusal)
        {
            lock (_lock)
            {
                IsComplete &= status == TransactionStatus.Committed && import.NotReady is null;
                NotReady ??= refusal ?? import.NotReady;
                if (status == TransactionStatus.Committed)
                {
                    Counts += import.Counts;
                    Taken = Conflict is null ? import.Taken : Taken;
                    Conflict ??= import.Conflict;
                }
            }
        }
    }
}
