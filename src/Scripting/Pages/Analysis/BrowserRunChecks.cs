using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>Finds places where the browser would run what only the server can.</summary>
internal sealed class BrowserRunChecks(PageGraph graph, PageScripts scripts, DiagnosticList diagnostics)
{
    private static readonly HashSet<string> DataMembers = ["table", "kv", "sql"];

    public void Check()
    {
        foreach (var use in graph.EventProperties)
        {
            CheckEventProperty(use);
        }

        foreach (var script in graph.Scripts)
        {
            foreach (var reference in script.TextReferences())
            {
                CheckTopLevel(script, reference);
            }
        }
    }

    /// <summary>A function that runs on the server may not need what only a browser-only script defines.</summary>
    public void CheckNeeds(IEnumerable<FunctionScope> serverRun)
    {
        foreach (var reference in serverRun.SelectMany(function => function.TextReferences(), (function, reference) => (function, reference)))
        {
            var (function, (name, owner, node, _, _)) = reference;
            if (owner is null && !graph.IsGlobal(name) && scripts.BrowserOnly.FirstOrDefault(code => code.Scan.TopLevelNames.Contains(name)) is { } code)
            {
                var place = code.PositionAt(0);
                diagnostics.Add(
                    function.Code.PositionOf(node),
                    $"'{name}' is used on the server, but {place.File} is newer than ES5 and runs in the browser only",
                    code.Scan.Modern is [var first, ..] ? $"Line {code.PositionAt(first.Offset).Line} has {first.What}. {first.Instead}" : "Write that script in ES5.");
            }
        }
    }

    private void CheckEventProperty(EventPropertyUse use)
    {
        var property = SyntaxTree.PropertyName(use.Property)!;
        var functions = use.Value switch
        {
            FunctionExpression expression => use.Scope.WithAllChildren().Where(function => function.Node == expression),
            Identifier name => graph.FunctionsOf(name.Name, use.Scope.OwnerOf(name.Name)),
            _ => [],
        };
        if (functions.Any(graph.IsServerRun))
        {
            diagnostics.Add(
                use.Scope.Code.PositionOf(use.Property),
                $"a function that runs on the server cannot be assigned to '{property}'",
                $"Write addEventListener('{property[2..]}', …) instead.");
        }
    }

    private void CheckTopLevel(FunctionScope script, Reference reference)
    {
        var isCalled = reference.Use is ReferenceUse.Called or ReferenceUse.Timed;
        if (reference is { Name: "mjolnir", Owner: null, Property: { } member } && DataMembers.Contains(member))
        {
            diagnostics.Add(
                script.Code.PositionOf(reference.Node),
                $"mjolnir.{member} is used while the page loads, in the browser",
                "Data can be used in event handlers (onclick=\"…\", addEventListener) and in templates {{ … }}.");
        }
        else if (isCalled && graph.FunctionsOf(reference.Name, reference.Owner).Any(function => graph.IsServerRun(function) && function != script))
        {
            diagnostics.Add(
                script.Code.PositionOf(reference.Node),
                $"'{reference.Name}' runs on the server, but here the browser calls it without an event",
                $"Let an event handler call it, or list it under 'handlers' in mjolnir.json and write mjolnir.call('{reference.Name}', …).");
        }
    }
}
