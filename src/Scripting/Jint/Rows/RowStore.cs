using System.Globalization;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>The rows of one run: what was read, what stands there now, and at the end what changed.</summary>
internal sealed class RowStore(Realm realm, Application application, IRowSource source, bool readOnly)
{
    private readonly Dictionary<RowKey, Entry> _entries = [];
    private bool _closed;
    private int _asked;
    private UniqueCheck? _unique;

    /// <summary>A row as it was and as it is. Exactly one of the row (tables) and the document (key/value) is used.</summary>
    private sealed class Entry(TableSchema? table, Document? original)
    {
        public TableSchema? Table { get; } = table;

        public Document? Original { get; } = original;

        public RowObject? Row { get; set; }

        /// <summary>The row is not as its original columns alone: inserted, or removed and inserted again.</summary>
        public bool IsNew { get; set; }

        public Document? Document { get; set; } = original;
    }

    /// <summary>Ends the run if nothing may be written (any more).</summary>
    public void RequireWritable()
    {
        if (readOnly)
        {
            throw realm.Abort("templates only read: nothing can be written here");
        }

        RequireOpen();
    }

    /// <summary>The application's name.</summary>
    public string App => application.Name;

    public TableSchema Table(string name) =>
        application.Tables.TryGetValue(name, out var table) ? table : throw realm.Abort($"there is no table '{name}' in mjolnir.json");

    /// <summary>The row's object, the same each time; null if there is no such row.</summary>
    public RowObject? Find(TableSchema table, JsValue key) =>
        TryKey(table, key, out var rowKey) ? Load(table, rowKey).Row : null;

    public RowObject Insert(TableSchema table, JsObject values)
    {
        RequireWritable();
        var row = new RowObject(realm, this, table, []);
        foreach (var name in values.EnumerableKeys())
        {
            row.Put(name, values.Get(name), strict: true);
        }

        var key = row.Get(table.Key);
        if (key.IsUndefined)
        {
            throw realm.Abort($"a row of table '{table.Name}' needs its key '{table.Key}'");
        }

        var entry = Load(table, RequireKey(table, key));
        if (entry.Row is not null)
        {
            throw realm.Abort($"table '{table.Name}' already has a row {ColumnRules.Show(key)}", AbortKind.Refused);
        }

        RequireUnique(table, row, null);
        entry.Row = row;
        entry.IsNew = true;
        return row;
    }

    /// <summary>False if there was no such row.</summary>
    public bool Remove(TableSchema table, JsValue key)
    {
        RequireWritable();
        if (!TryKey(table, key, out var rowKey) || Load(table, rowKey) is not { Row: { } row } entry)
        {
            return false;
        }

        row.Detached = true;
        entry.Row = null;
        return true;
    }

    public RowObject Update(TableSchema table, JsValue key, JsObject fields)
    {
        RequireWritable();
        var row = Find(table, key) ?? throw realm.Abort($"table '{table.Name}' has no row {ColumnRules.Show(key)}", AbortKind.Refused);
        var before = row.Columns.ToArray();
        foreach (var name in fields.EnumerableKeys())
        {
            row.Put(name, fields.Get(name), strict: true);
        }

        try
        {
            RequireUnique(table, row, before);
        }
        catch (ScriptThrow)
        {
            row.Restore(before);
            throw;
        }

        return row;
    }

    private void RequireUnique(TableSchema table, RowObject row, Slot[]? before)
    {
        if (!table.HasUnique)
        {
            return;
        }

        _unique ??= new UniqueCheck(realm, App, Read, IsKnown);
        if (TryKey(table, row.Get(table.Key), out var key))
        {
            _unique.Require(table, key.PrimaryKey, row, before);
        }
    }

    private bool IsKnown(TableSchema table, string primaryKey, out RowObject? row)
    {
        row = null;
        if (!RowKey.TryCreate(App, table.Name, primaryKey, out var key) || !_entries.TryGetValue(key, out var entry))
        {
            return false;
        }

        row = entry.Row;
        return true;
    }

    /// <summary>A row of a table that the run knows: read or written.</summary>
    /// <param name="PrimaryKey">its primary key</param>
    /// <param name="Row">as it is now; null if there is none</param>
    /// <param name="Original">as it was read; null if there was none</param>
    public readonly record struct KnownRow(string PrimaryKey, RowObject? Row, Document? Original)
    {
        /// <summary>Its columns now.</summary>
        public Slot[]? Now => Row?.Columns.ToArray();

        /// <summary>Its columns as they were read.</summary>
        public Slot[]? Before(Realm realm) => Original is null ? null : DecodedRow.Of(realm, Original).Columns.ToArray();
    }

    /// <summary>All rows of a table that the run knows so far.</summary>
    public IEnumerable<KnownRow> Known(TableSchema table)
    {
        foreach (var (key, entry) in _entries)
        {
            if (entry.Table == table)
            {
                yield return new KnownRow(key.PrimaryKey, entry.Row, entry.Original);
            }
        }
    }

    /// <summary>Reads a row that an index names.</summary>
    public void Load(TableSchema table, string primaryKey)
    {
        if (RowKey.TryCreate(application.Name, table.Name, primaryKey, out var key))
        {
            Load(table, key);
        }
    }

    /// <summary>What an index says.</summary>
    public IndexAnswer Ask(IndexQuestion question)
    {
        RequireOpen();
        if (++_asked > realm.Limits.MaxQueries)
        {
            throw realm.Limit($"more than {realm.Limits.MaxQueries} questions to indexes in one run");
        }

        realm.Work(1024);
        if (!source.TryAsk(question, out var answer))
        {
            throw new RowMissingException(default);
        }

        return answer!.Refusal is { } reason ? throw realm.Abort(reason) : answer;
    }

    public Document? Get(JsValue key) => LoadPair(key).Document;

    public void Set(JsValue key, Document? value)
    {
        RequireWritable();
        LoadPair(key).Document = value;
    }

    /// <summary>A value as a document.</summary>
    public Document Encode(string what, JsValue value)
    {
        var writer = new JsonWriter(realm) { ForBytes = true };
        if (!JsonStringifier.Write(realm, writer, value))
        {
            throw realm.Abort($"{what} has no JSON: {ColumnRules.Show(value)}");
        }

        return Sized(what, writer.ToUtf8());
    }

    public Document Sized(string what, byte[] utf8) => utf8.Length <= realm.Limits.MaxRowBytes
        ? new Document(utf8)
        : throw realm.Abort($"{what} would take {utf8.Length} bytes; at most {realm.Limits.MaxRowBytes} are allowed");

    /// <summary>Everything that is not as it was. Closes the rows: a <c>toJSON</c> that runs now can change nothing any more.</summary>
    public List<RowWrite> Writes()
    {
        _closed = true;
        var writer = new JsonWriter(realm) { ForBytes = true };
        var writes = new List<RowWrite>();
        foreach (var (key, entry) in _entries)
        {
            if (entry.Table is null ? !Same(entry.Original, entry.Document) : IsChanged(writer, entry))
            {
                writes.Add(new RowWrite(key, entry.Document));
            }
        }

        AddHolders(writes);
        return writes.Count <= realm.Limits.MaxWrites
            ? writes
            : throw realm.Limit($"{writes.Count} rows written in one run; at most {realm.Limits.MaxWrites} are allowed");
    }

    /// <summary>Adds the rows that tell who holds which value of unique indexes.</summary>
    private void AddHolders(List<RowWrite> writes)
    {
        if (!writes.Exists(write => MayBeUnique(_entries[write.Key].Table)))
        {
            return;
        }

        foreach (var table in writes.Where(write => MayBeUnique(_entries[write.Key].Table)).GroupBy(write => _entries[write.Key].Table!).ToList())
        {
            var rows = table.Select(write => new ChangedRow(write.Key.PrimaryKey, _entries[write.Key].Original, write.Value)).ToList();
            realm.Work(rows.Count * 256);
            switch (UniqueRows.Hold(source, App, table.Key, rows, writes, out var missing, out var told))
            {
                case UniqueOutcome.Missing:
                    throw new RowMissingException(missing);
                case UniqueOutcome.Violated:
                    throw realm.Abort(told, AbortKind.Refused);
                case UniqueOutcome.NotReady:
                    throw realm.Abort(told, AbortKind.NotReady);
                default:
                    break;
            }
        }
    }

    /// <summary>Servers of another version may keep indexes that this application does not declare.</summary>
    private bool MayBeUnique(TableSchema? table) => table is not null && (table.HasUnique || source.KeptColumns(App, table.Name) is not { Count: 0 });

    private static bool Same(Document? a, Document? b) => ReferenceEquals(a, b) || (a is not null && a.Equals(b));

    /// <summary>Compares column by column first: most rows that were read were not changed, and need not be encoded to know.</summary>
    private bool IsChanged(JsonWriter writer, Entry entry)
    {
        if (entry.Row is not { } row)
        {
            entry.Document = null;
            return entry.Original is not null;
        }

        if (!entry.IsNew && IsUntouched(DecodedRow.Of(realm, entry.Original!).Columns, row.Columns))
        {
            return false;
        }

        entry.Document = RowEncoder.Encode(realm, writer, entry.Table!, row);
        return !Same(entry.Original, entry.Document);
    }

    private static bool IsUntouched(ReadOnlySpan<Slot> before, ReadOnlySpan<Slot> now)
    {
        if (before.Length != now.Length)
        {
            return false;
        }

        for (var i = 0; i < before.Length; i++)
        {
            if (before[i].Key != now[i].Key || !JsValue.Same(before[i].Value, now[i].Value))
            {
                return false;
            }
        }

        return true;
    }

    private void RequireOpen()
    {
        if (_closed)
        {
            throw realm.Abort("rows cannot be used while they are being written (in a toJSON)");
        }
    }

    private Entry Load(TableSchema table, RowKey key)
    {
        RequireOpen();
        if (_entries.TryGetValue(key, out var entry))
        {
            return entry;
        }

        entry = new Entry(table, Read(key));
        if (entry.Original is { } original)
        {
            entry.Row = new RowObject(realm, this, table, DecodedRow.Of(realm, original).Columns.ToArray());
        }

        _entries.Add(key, entry);
        return entry;
    }

    private Entry LoadPair(JsValue key)
    {
        if (!key.IsString && !key.IsNumber)
        {
            throw realm.Abort($"a key of mjolnir.kv is a text or a number, and {ColumnRules.Show(key)} is not");
        }

        if (!RowKey.TryCreate(application.Name, "_kv", Operators.ToText(key), out var rowKey))
        {
            throw realm.Abort($"the key {ColumnRules.Show(key)} is empty or too long");
        }

        RequireOpen();
        if (!_entries.TryGetValue(rowKey, out var entry))
        {
            entry = new Entry(null, Read(rowKey));
            _entries.Add(rowKey, entry);
        }

        return entry;
    }

    private Document? Read(RowKey key)
    {
        realm.Work(256);
        return source.TryRead(key, out var document) ? document : throw new RowMissingException(key);
    }

    private RowKey RequireKey(TableSchema table, JsValue key) =>
        TryKey(table, key, out var rowKey) ? rowKey : throw realm.Abort($"{table.Name}.{table.Key} cannot be {ColumnRules.Show(key)}: empty or too long for a key");

    /// <summary>The name of a row; false if no row can have that key. Forms give texts: a text that is an integer finds the row of an integer key.</summary>
    private bool TryKey(TableSchema table, JsValue key, out RowKey rowKey)
    {
        rowKey = default;
        string? text;
        if (table.Columns[table.Key].Type == ColumnType.Integer)
        {
            var number = key.IsNumber ? key.Number : key.Text is { Length: > 0 } digits ? Numbers.Parse(digits) : double.NaN;
            text = Math.Abs(number) <= Numbers.MaxSafeInteger + 1 && Math.Floor(number) == number ? number.ToString("F0", CultureInfo.InvariantCulture) : null;
            text = text == "-0" ? "0" : text;
        }
        else
        {
            text = key.IsNumber ? Numbers.Text(key.Number) : key.Text;
        }

        return text is not null && RowKey.TryCreate(application.Name, table.Name, text, out rowKey);
    }
}
