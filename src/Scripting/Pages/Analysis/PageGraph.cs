namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>
/// The functions of a page and who reaches whom by name, over all its scripts. By name is an upper bound: two functions of one name count as
/// one, and whoever only holds a function counts as calling it.
/// </summary>
internal sealed class PageGraph
{
    private readonly PageGraph? _around; // the page's, for code that is none of its scripts
    private readonly Dictionary<string, List<FunctionScope>> _globals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<FunctionScope>> _direct = new(StringComparer.Ordinal);
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);
    private readonly List<FunctionScope> _scripts = [];
    private HashSet<FunctionScope>? _serverRun;

    public PageGraph(PageGraph? around = null) => _around = around;

    public List<ListenerUse> Listeners { get; } = [];

    public List<EventPropertyUse> EventProperties { get; } = [];

    public HashSet<string> AssignedGlobals { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<FunctionScope> Scripts => _scripts;

    /// <summary>Takes in the scripts of a page, in order.</summary>
    public static PageGraph Of(IEnumerable<PageCode> scripts)
    {
        var graph = new PageGraph();
        var built = scripts.Select(code => ScopeBuilder.Build(code, code.Program!)).ToList();
        foreach (var (script, _) in built)
        {
            graph._scripts.Add(script);
            foreach (var (name, functions) in script.LocalFunctions)
            {
                functions.ForEach(function => graph.Define(name, function));
            }
        }

        foreach (var (script, scopes) in built)
        {
            new ReferenceCollector(scopes, graph).Collect(script);
        }

        return graph;
    }

    /// <summary>Code that is no script of the page, but runs among its globals: an event attribute.</summary>
    public FunctionScope Attach(PageCode code)
    {
        var (script, scopes) = ScopeBuilder.Build(code, code.Program!);
        new ReferenceCollector(scopes, new PageGraph(this)).Collect(script);
        return script;
    }

    /// <param name="name">a global</param>
    /// <param name="function">a function that its user reaches</param>
    /// <param name="isDirect">the global is this function, so it can be called by that name</param>
    public void Define(string name, FunctionScope function, bool isDirect = true)
    {
        Add(_globals, name, function);
        if (isDirect)
        {
            Add(_direct, name, function);
        }
    }

    /// <summary>A global that holds something; only those that hold more than functions are page state.</summary>
    public void NoteValue(string name, bool isFunction)
    {
        if (!isFunction)
        {
            _values.Add(name);
        }
    }

    /// <summary>Functions that a name reaches.</summary>
    public IEnumerable<FunctionScope> FunctionsOf(string name, FunctionScope? owner) =>
        (owner is null ? _globals.GetValueOrDefault(name) ?? _around?._globals.GetValueOrDefault(name) : owner.LocalFunctions.GetValueOrDefault(name)) ?? [];

    /// <summary>Functions that can be called by a global name.</summary>
    public IReadOnlyList<FunctionScope> GlobalFunction(string name) => _direct.GetValueOrDefault(name) ?? [];

    /// <summary>The global name of a function; null if it has none.</summary>
    public string? GlobalNameOf(FunctionScope function) => _direct.Where(pair => pair.Value.Contains(function)).Select(pair => pair.Key).Order(StringComparer.Ordinal).FirstOrDefault();

    /// <summary>Functions within a global's value that stand under this property's name: <c>bank.send</c>.</summary>
    public IEnumerable<FunctionScope> Methods(string global, string property) =>
        FunctionsOf(global, null).Where(function => function.PropertyName == property || function.Function?.Id?.Name == property);

    /// <summary>Names of all global functions.</summary>
    public IEnumerable<string> GlobalFunctionNames => _direct.Keys;

    /// <summary>Whether the page's scripts give the name any meaning.</summary>
    public bool IsGlobal(string name) => _globals.ContainsKey(name) || AssignedGlobals.Contains(name) || _scripts.Any(script => script.Locals.Contains(name));

    /// <summary>Its text, or that of a function it reaches, uses <c>mjolnir</c>.</summary>
    public bool IsServerRun(FunctionScope function)
    {
        _serverRun ??= FindServerRun();
        return _serverRun.Contains(function) || UsesServer(function) || Reached(function).Any(reached => _serverRun.Contains(reached) || UsesServer(reached));
    }

    public static bool IsServerReference(Reference reference) =>
        reference is { Name: "mjolnir", Owner: null } && !(reference.Property is { } property && ScriptScan.BrowserMembers.Contains(property));

    /// <summary>Page state that a function may touch, itself or through others; sorted.</summary>
    public IReadOnlyList<string> GlobalsOf(FunctionScope function)
    {
        var seen = Closure(function);
        var names = seen.SelectMany(scope => scope.TextReferences()).Where(reference => reference.Owner is null).Select(reference => reference.Name);
        return [.. names.Where(IsState).Distinct().Order(StringComparer.Ordinal)];
    }

    private bool IsState(string name) =>
        name != "mjolnir" && (_values.Contains(name) || ((AssignedGlobals.Contains(name) || _scripts.Any(script => script.Locals.Contains(name))) && !_globals.ContainsKey(name)));

    /// <summary>The function and all it reaches.</summary>
    public IReadOnlySet<FunctionScope> Closure(FunctionScope function)
    {
        var seen = new HashSet<FunctionScope> { function };
        var open = new Stack<FunctionScope>(seen);
        while (open.TryPop(out var next))
        {
            foreach (var reached in Reached(next).Where(seen.Add))
            {
                open.Push(reached);
            }
        }

        return seen;
    }

    private IEnumerable<FunctionScope> Reached(FunctionScope function) =>
        function.TextReferences().SelectMany(reference => FunctionsOf(reference.Name, reference.Owner));

    private static bool UsesServer(FunctionScope function) => function.TextReferences().Any(IsServerReference);

    // Against the arrows, from those that use mjolnir themselves to all who reach them.
    private HashSet<FunctionScope> FindServerRun()
    {
        var all = _scripts.SelectMany(script => script.Children).SelectMany(function => function.WithAllChildren()).ToList();
        var callers = new Dictionary<FunctionScope, List<FunctionScope>>();
        foreach (var function in all)
        {
            foreach (var reached in Reached(function).Distinct())
            {
                Add(callers, reached, function);
            }
        }

        var found = all.Where(UsesServer).ToHashSet();
        var open = new Stack<FunctionScope>(found);
        while (open.TryPop(out var next))
        {
            foreach (var caller in (callers.GetValueOrDefault(next) ?? []).Where(found.Add))
            {
                open.Push(caller);
            }
        }

        return found;
    }

    private static void Add<T>(Dictionary<T, List<FunctionScope>> lists, T key, FunctionScope function)
        where T : notnull
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }

        if (!list.Contains(function))
        {
            list.Add(function);
        }
    }
}
