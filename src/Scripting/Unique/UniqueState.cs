using System.Collections.Immutable;
using System.Text.Json;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Scripting.Unique;

/// <summary>
/// The row <c>_unique/table</c>: which unique indexes of a table are kept. A transaction that changes a value reads it, so whoever changes it is in order with all of them. As JSON:
/// <c>{"turn": 9, "next": 4, "indexes": [{"index": "byTitle(title:t)", "epoch": 2, "phase": "ready", "duplicates": 0, "told": []}], "removed": [{"index": "byPrice", "epoch": 3}]}</c>.
/// </summary>
public sealed class UniqueState
{
    /// <summary>Where this row and the holders lie.</summary>
    public const string Table = "_unique";

    /// <summary>Of a table that never had a unique index.</summary>
    public static UniqueState None { get; } = new(0, 1, [], []);

    private UniqueState(long turn, int next, ImmutableArray<UniqueIndexState> indexes, ImmutableArray<UniqueRemains> removed)
    {
        (Turn, Next, Indexes, Removed) = (turn, next, indexes, removed);
        Columns = indexes.SelectMany(static index => index.Index.Columns).Select(static column => column.Name).ToImmutableHashSet(StringComparer.Ordinal);
    }

    /// <summary>Higher with each change: what was decided by looking at one is not done to another.</summary>
    public long Turn { get; }

    /// <summary>The next epoch; one is never given twice.</summary>
    public int Next { get; }

    /// <summary>All that are kept or going to be, each identity once.</summary>
    public ImmutableArray<UniqueIndexState> Indexes { get; }

    /// <summary>What is left of others.</summary>
    public ImmutableArray<UniqueRemains> Removed { get; }

    /// <summary>The columns of all <see cref="Indexes"/>: a transaction that changes none of them need not look here.</summary>
    public ImmutableHashSet<string> Columns { get; }

    /// <summary>Nothing is kept and nothing is left.</summary>
    public bool IsEmpty => Indexes.IsEmpty && Removed.IsEmpty;

    /// <summary>The key of the row.</summary>
    public static RowKey KeyOf(string app, string table) =>
        RowKey.TryCreate(app, Table, table, out var key) ? key : throw new ArgumentException($"The table's name is too long: {table}", nameof(table));

    /// <summary>The table that a row of this kind tells of; null for a holder's row, and of other tables.</summary>
    public static string? TableOf(RowKey key) => key.Table == Table && !key.PrimaryKey.Contains('/', StringComparison.Ordinal) ? key.PrimaryKey : null;

    /// <summary>What the row says.</summary>
    public static UniqueState Of(Document? row)
    {
        if (row is null)
        {
            return None;
        }

        if (row.Decoded is not UniqueState state)
        {
            row.Decoded = state = Read(row);
        }

        return state;
    }

    /// <summary>An index; null if it is not kept.</summary>
    public UniqueIndexState? Find(string identity) => Indexes.FirstOrDefault(index => index.Identity == identity);

    /// <summary>Announces an index that is new, under the next epoch.</summary>
    public UniqueState Announce(IndexDeclaration index)
    {
        var identity = UniqueIndexState.IdentityOf(index);
        return Find(identity) is null ? new(Turn + 1, Next + 1, Indexes.Add(new UniqueIndexState(UniqueIndexState.OfIdentity(identity)!, Next, UniquePhase.Announced, 0, [])), Removed) : this;
    }

    /// <summary>An index is in another phase.</summary>
    public UniqueState Enter(UniqueIndexState index, UniquePhase phase) => Replace(index, index with { Phase = phase });

    /// <summary>Every row of an index has its holder, but for these.</summary>
    public UniqueState Ready(UniqueIndexState index, int duplicates, IEnumerable<string> told) =>
        Replace(index, index with { Phase = UniquePhase.Ready, Duplicates = duplicates, Told = [.. told] });

    /// <summary>An index is kept no more.</summary>
    public UniqueState Remove(UniqueIndexState index) => new(Turn + 1, Next, Indexes.Remove(index), Removed.Add(new UniqueRemains(index.Index.Name, index.Epoch)));

    /// <summary>The holders of an index that was removed are gone.</summary>
    public UniqueState Swept(UniqueRemains remains) => Removed.Contains(remains) ? new(Turn + 1, Next, Indexes, Removed.Remove(remains)) : this;

    /// <summary>
    /// The next step of a cluster, by a list of the logs that was taken after this state was read:
    /// <code>
    /// (none)    ─ a server declares it ─► announced ─ all declare it ─► building ─► ready ─ nobody declares it ─► ending ─ still nobody ─► removed
    /// announced, building ─ nobody declares it ─► removed                               ◄─ a server declares it ───┘
    /// </code>
    /// </summary>
    /// <param name="wanted">identities that the server of some log that is not sealed declares</param>
    /// <param name="agreed">those that the servers of all such logs declare</param>
    public UniqueState Follow(IReadOnlySet<string> wanted, IReadOnlySet<string> agreed)
    {
        var state = Indexes.Aggregate(this, (state, index) => (index.Phase, wanted.Contains(index.Identity)) switch
        {
            (UniquePhase.Announced, true) when agreed.Contains(index.Identity) => state.Enter(index, UniquePhase.Building),
            (UniquePhase.Ready, false) => state.Enter(index, UniquePhase.Ending),
            (UniquePhase.Ending, true) => state.Enter(index, UniquePhase.Ready),
            (_, false) => state.Remove(index),
            _ => state,
        });
        return wanted.Order(StringComparer.Ordinal).Select(UniqueIndexState.OfIdentity).OfType<IndexDeclaration>().Aggregate(state, static (state, index) => state.Announce(index));
    }

    /// <summary>
    /// What it says when the only server there is starts, or takes another version: an index that is not declared any more is removed, one that is new, or was not ready, begins.
    /// </summary>
    public UniqueState Declare(TableIndexes declared)
    {
        var identities = declared.Indexes.Where(static index => index.IsUnique).ToDictionary(UniqueIndexState.IdentityOf, StringComparer.Ordinal);
        var state = Indexes.Where(index => !identities.ContainsKey(index.Identity) || index.Phase != UniquePhase.Ready).Aggregate(this, static (state, index) => state.Remove(index));
        return identities.Values.Aggregate(state, static (state, index) => state.Announce(index));
    }

    /// <summary>The row.</summary>
    public Document ToDocument()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("turn", Turn);
            json.WriteNumber("next", Next);
            json.WriteStartArray("indexes");
            foreach (var index in Indexes)
            {
                Write(json, index);
            }

            json.WriteEndArray();
            json.WriteStartArray("removed");
            foreach (var (index, epoch) in Removed)
            {
                json.WriteStartObject();
                json.WriteString("index", index);
                json.WriteNumber("epoch", epoch);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return new Document(stream.ToArray());
    }

    private UniqueState Replace(UniqueIndexState index, UniqueIndexState by) => new(Turn + 1, Next, Indexes.Replace(index, by), Removed);

    private static void Write(Utf8JsonWriter json, UniqueIndexState index)
    {
        json.WriteStartObject();
        json.WriteString("index", index.Identity);
        json.WriteNumber("epoch", index.Epoch);
        json.WriteString("phase", index.Phase.ToString().ToLowerInvariant());
        json.WriteNumber("duplicates", index.Duplicates);
        json.WriteStartArray("told");
        foreach (var told in index.Told)
        {
            json.WriteStringValue(told);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static UniqueState Read(Document row)
    {
        using var json = JsonDocument.Parse(row.Utf8);
        var root = json.RootElement;
        var (next, indexes) = (root.GetProperty("next").GetInt32(), root.GetProperty("indexes"));

        // The form before this one named indexes by their names alone, and knew nothing of kinds: these begin again.
        return indexes.ValueKind == JsonValueKind.Object
            ? new UniqueState(0, next, [], [.. indexes.EnumerateObject().Select(static index => new UniqueRemains(index.Name, index.Value.GetProperty("epoch").GetInt32()))])
            : new UniqueState(
                root.GetProperty("turn").GetInt64(),
                next,
                [.. indexes.EnumerateArray().Select(Read)],
                [.. root.GetProperty("removed").EnumerateArray().Select(static each => new UniqueRemains(each.GetProperty("index").GetString()!, each.GetProperty("epoch").GetInt32()))]);
    }

    private static UniqueIndexState Read(JsonElement index) => new(
        UniqueIndexState.OfIdentity(index.GetProperty("index").GetString()!) ?? throw new Core.CorruptDataException($"A unique index is called {index.GetProperty("index")}"),
        index.GetProperty("epoch").GetInt32(),
        Enum.Parse<UniquePhase>(index.GetProperty("phase").GetString()!, ignoreCase: true),
        index.GetProperty("duplicates").GetInt32(),
        [.. index.GetProperty("told").EnumerateArray().Select(static told => told.GetString()!)]);
}
