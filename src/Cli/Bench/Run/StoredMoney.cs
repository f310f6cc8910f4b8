using System.Text.Json;
using Mjolnir.Core.Envelopes;
using Mjolnir.Storage.Folders;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Cli.Bench.Run;

/// <summary>Adds up what a stopped server has left in its store: no server code on the way, only the format.</summary>
internal static class StoredMoney
{
    public static async Task<long> AddUpAsync(string data, CancellationToken cancellationToken)
    {
        using var held = FolderLock.Acquire(data);
        var rows = await StoredRows.OpenAsync(new FolderObjectStore(DataFolder.Store(data)), cancellationToken);
        long total = 0;
        await foreach (var row in rows.StreamAsync(key => key.Table == "users", cancellationToken))
        {
            if (row.Version.State == RowState.Present)
            {
                total += Balance(row.Version.Value!.Utf8.Span);
            }
        }

        return total;
    }

    private static long Balance(ReadOnlySpan<byte> row)
    {
        var json = new Utf8JsonReader(row);
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("balance"u8) && json.Read())
            {
                return json.GetInt64();
            }
        }

        return 0;
    }
}
