using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Cli.Transfer;

/// <summary>What an export wrote.</summary>
/// <param name="Table">the table, also the name of its file</param>
/// <param name="Rows">its rows</param>
internal sealed record ExportedTable(string Table, long Rows);

/// <summary>
/// Writes the rows of the store's stable cut as newline-delimited JSON, a file for each table. The folder appears when all of it is written, or not at all.
/// <c>kv</c> pairs are a table <c>_kv</c> of <c>{"key":…,"value":…}</c>. Left out is what the servers keep for themselves: outcomes, marks of seeds, and users' password hashes.
/// </summary>
/// <param name="store">where the rows are; only read</param>
/// <param name="folder">the folder to make; may exist if it is empty</param>
/// <param name="table">the only table wanted; null: all</param>
/// <param name="app">the only application wanted; null: the only one that there is</param>
/// <param name="progress">told of lines read</param>
internal sealed class Exporter(IObjectStore store, string folder, string? table, string? app, TransferProgress progress)
{
    private readonly string _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>Exports.</summary>
    /// <exception cref="FailureException">the folder has something in it, or several applications share the store and none was chosen</exception>
    public async Task<IReadOnlyList<ExportedTable>> RunAsync(CancellationToken cancellationToken)
    {
        RequireEmpty(_folder);
        var unfinished = $"{_folder}.unfinished-{Environment.ProcessId}";
        for (var tries = 1; ; tries++)
        {
            try
            {
                Directory.CreateDirectory(unfinished);
                var tables = await WriteAsync(unfinished, cancellationToken);
                if (Directory.Exists(_folder))
                {
                    Directory.Delete(_folder);
                }

                Directory.Move(unfinished, _folder);
                return tables;
            }
            catch (CollectedObjectException gone) when (tries == TransferLimits.ExportTries)
            {
                throw new FailureException($"the export takes longer than merged objects are kept ({gone.Name})", "Export table by table: --table NAME", gone);
            }
            catch (CollectedObjectException)
            {
                // Merged meanwhile: the rest would be of a later state. All of it anew.
            }
            finally
            {
                if (Directory.Exists(unfinished))
                {
                    Directory.Delete(unfinished, recursive: true);
                }
            }
        }
    }

    private async Task<IReadOnlyList<ExportedTable>> WriteAsync(string into, CancellationToken cancellationToken)
    {
        var rows = await StableRows.OpenAsync(store, cancellationToken);
        progress.Begin("rows", rows.Lines);
        var written = new List<ExportedTable>();
        TableFile? open = null;
        try
        {
            await foreach (var row in rows.StreamAsync(IsWanted, cancellationToken))
            {
                progress.Add(1);
                if (open?.Holds(row.Key) != true)
                {
                    await EndAsync();
                    open = Open(into, row.Key, open);
                }

                if (row.Version is { State: RowState.Present, Value: { } value })
                {
                    await open.AddAsync(row.Key, value.Utf8, cancellationToken);
                }
            }

            await EndAsync();
        }
        finally
        {
            await (open?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        return written;

        async ValueTask EndAsync()
        {
            if (open is not null)
            {
                await open.DisposeAsync();
                written.Add(new ExportedTable(open.Table, open.Rows));
            }
        }
    }

    private TableFile Open(string into, RowKey key, TableFile? before)
    {
        if (before is not null && before.App != key.App)
        {
            throw new FailureException($"the store holds several applications: '{before.App}', '{key.App}'", "Choose one: --app NAME") { ExitCode = ExitCodes.Usage };
        }

        return new TableFile(into, key);
    }

    /// <summary>Keys are <c>app/table/…</c>.</summary>
    private bool IsWanted(RowKey key)
    {
        var text = key.Text.AsSpan();
        var slash = text.IndexOf('/');
        if (app is not null && !text[..slash].SequenceEqual(app))
        {
            return false;
        }

        var rest = text[(slash + 1)..];
        var name = rest[..rest.IndexOf('/')];
        return table is not null ? name.SequenceEqual(table) : name[0] != '_' || name.SequenceEqual(TableFile.Pairs);
    }

    private static void RequireEmpty(string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
        {
            throw new FailureException($"{folder} is not empty", "Name a new folder: --out DIR") { ExitCode = ExitCodes.Usage };
        }
    }
}
