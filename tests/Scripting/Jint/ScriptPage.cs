using System.Collections.Frozen;
using System.Text;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Tests.Jint;

/// <summary>A page with one script, the rows it may see, and an engine: all that a test of the engine needs.</summary>
internal sealed class ScriptPage : IRowSource, IDisposable
{
    private readonly Dictionary<RowKey, Document> _rows = [];
    private readonly HashSet<RowKey> _unknown = [];
    private readonly JintScriptEngine _engine;
    private readonly Page _page;
    private readonly Dictionary<string, Handler> _handlers = [];

    public ScriptPage(string script, params PageElement[] elements)
        : this(ScriptLimits.Default, script, elements)
    {
    }

    public ScriptPage(ScriptLimits limits, string script, params PageElement[] elements)
        : this(limits, [new PageScript(script, "bank.js", 1, 1)], elements, [])
    {
    }

    public ScriptPage(ScriptLimits limits, PageScript[] scripts, PageElement[] elements, Template[] templates)
    {
        _engine = new JintScriptEngine(limits);
        _page = new Page { Path = "/index.html", Literals = [default], Slots = [], Templates = templates, Scripts = scripts, Elements = elements };
        TableSchema[] tables =
        [
            Table("users", "name", new("name", ColumnType.String), new("balance", ColumnType.Integer), new("rate", ColumnType.Number), new("active", ColumnType.Boolean), new("data", ColumnType.Json), new("since", ColumnType.Time)),
            Table("orders", "id", new("id", ColumnType.Integer), new("item", ColumnType.String)),
        ];
        Application = new Application
        {
            Name = "bank",
            Version = "1",
            Tables = tables.ToFrozenDictionary(t => t.Name),
            Handlers = FrozenDictionary<string, Handler>.Empty,
            Pages = new[] { _page }.ToFrozenDictionary(p => p.Path),
            Assets = FrozenDictionary<string, Asset>.Empty,
            Roles = FrozenDictionary<string, FrozenSet<string>>.Empty,
            Seeds = FrozenDictionary<string, IReadOnlyList<SeedRow>>.Empty,
        };
    }

    public Application Application { get; }

    public JintScriptEngine Engine => _engine;

    public string? User { get; set; } = "alice";

    public TransactionSeed Seed { get; set; } = new(1_700_000_000_000, 42);

    /// <summary>Runs the body of a function in a page of its own; its result as JSON text.</summary>
    public static string Evaluate(string body)
    {
        using var page = new ScriptPage("function f() {" + body + "\n}");
        var result = page.Run("f");
        return result.Status == RunStatus.Completed ? Text(result.Result) : throw new InvalidOperationException($"{result.Status} {result.AbortKind}: {result.Reason} at {result.Position}");
    }

    /// <summary>Runs the body of a function in a page of its own.</summary>
    public static RunResult RunBody(string body, ScriptLimits? limits = null)
    {
        using var page = new ScriptPage(limits ?? ScriptLimits.Default, "function f() {" + body + "\n}");
        return page.Run("f");
    }

    public static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);

    public static PageElement Element(string id, string tag = "input", string? text = null, params (string Name, string Value)[] attributes) =>
        new("#" + id, tag, attributes.Append(("id", id)).ToDictionary(a => a.Item1, a => a.Item2), text, []);

    public ScriptPage WithRow(string table, string key, string json)
    {
        _rows[Key(table, key)] = Document.FromText(json);
        return this;
    }

    /// <summary>The snapshot does not know this row: it must be loaded.</summary>
    public ScriptPage WithUnknownRow(string table, string key)
    {
        _unknown.Add(Key(table, key));
        return this;
    }

    public bool TryRead(RowKey key, out Document? row)
    {
        row = _rows.GetValueOrDefault(key);
        return !_unknown.Contains(key);
    }

    public RunResult Run(string function, string args = "", string inputs = "", string globals = "", string told = "", bool partial = false) =>
        Run(Handler(function), args, inputs, globals, told, partial);

    public RunResult RunInline(string code, string element = "#go", string inputs = "", string told = """{"type":"click","target":"#go"}""") =>
        Run(Handler("index.html#go.click", inline: code, element: element), "", inputs, "", told, false);

    public RunResult RunListener(string source, string told) => Run(Handler("index.html#listener:1", listener: source), "", "", "", told, false);

    public RunResult Run(Handler handler, string args, string inputs, string globals, string told, bool partial) => _engine.Run(
        new HandlerCall
        {
            Application = Application,
            Handler = handler,
            User = User,
            Args = Bytes(args),
            Inputs = Bytes(inputs),
            Globals = Bytes(globals),
            Event = Bytes(told),
            Partial = partial,
            Seed = Seed,
        },
        this);

    public RenderResult Render() => _engine.Render(Application, _page, User, Seed, this);

    /// <summary>Keeps what a run wrote, as a commit would; null for a removed row.</summary>
    public void Commit(RunResult result)
    {
        foreach (var write in result.Writes)
        {
            if (write.Value is null)
            {
                _rows.Remove(write.Key);
            }
            else
            {
                _rows[write.Key] = write.Value;
            }
        }
    }

    public static RowKey Key(string table, string key) =>
        RowKey.TryCreate("bank", table, key, out var rowKey) ? rowKey : throw new ArgumentException(key);

    public void Dispose() => _engine.Dispose();

    private static TableSchema Table(string name, string key, params Column[] columns) =>
        new(name, key, columns.ToFrozenDictionary(c => c.Name), columns, null);

    private static byte[] Bytes(string json) => Encoding.UTF8.GetBytes(json);

    private Handler Handler(string name, string? inline = null, string? listener = null, string? element = null)
    {
        var key = name + inline + listener;
        if (!_handlers.TryGetValue(key, out var handler))
        {
            handler = new Handler
            {
                Name = name,
                Allow = new Allow(true, false, new HashSet<string>(), new HashSet<string>()),
                Page = _page,
                Pages = [_page],
                Function = inline is null && listener is null ? name : null,
                InlineCode = inline,
                ListenerSource = listener,
                Element = element,
                Position = new SourcePosition("index.html", 7, 21),
                Globals = [],
            };
            _handlers.Add(key, handler);
        }

        return handler;
    }
}
