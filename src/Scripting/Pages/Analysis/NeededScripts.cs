namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>
/// Picks the scripts that the server must run: those that hold a function or a global that a handler can reach. A library that only the browser
/// uses never runs on the server.
/// </summary>
internal static class NeededScripts
{
    public static IEnumerable<PageCode> Of(IReadOnlyList<PageCode> scripts, PageGraph graph, IReadOnlyCollection<HandlerUse> handlers)
    {
        var reached = handlers.SelectMany(handler => graph.Closure(handler.Scope)).ToHashSet();
        var codes = reached.Select(function => function.Code).ToHashSet();
        var names = reached.SelectMany(function => function.TextReferences()).Where(reference => reference.Owner is null)
            .Select(reference => reference.Name).Where(name => name != "mjolnir" && graph.IsGlobal(name)).ToHashSet(StringComparer.Ordinal);
        return scripts.Where(code => codes.Contains(code) || Touches(graph.Scripts.First(script => script.Code == code), names));
    }

    private static bool Touches(FunctionScope script, HashSet<string> names) =>
        script.Locals.Overlaps(names) || script.TextReferences().Any(reference => names.Contains(reference.Name));
}
