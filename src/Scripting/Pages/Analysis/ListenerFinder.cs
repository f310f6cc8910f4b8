using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>Turns the functions given to addEventListener into handlers, where they run on the server.</summary>
internal sealed class ListenerFinder(string pageFile, PageGraph graph, DiagnosticList diagnostics)
{
    /// <summary>The handlers, each with the function whose text the browser knows it by. A function that listens in several places comes once.</summary>
    public IReadOnlyList<HandlerUse> Find()
    {
        var found = new Dictionary<FunctionScope, HandlerUse>();
        foreach (var listener in graph.Listeners)
        {
            foreach (var use in Resolve(listener))
            {
                found.TryAdd(use.Scope, use);
            }
        }

        return [.. found.Values];
    }

    private IEnumerable<HandlerUse> Resolve(ListenerUse listener)
    {
        switch (listener.Expression)
        {
            case FunctionExpression expression:
                var own = listener.Scope.WithAllChildren().First(function => function.Node == expression);
                return graph.IsServerRun(own) ? Anonymous(own) : [];
            case Identifier name:
                return graph.FunctionsOf(name.Name, listener.Scope.OwnerOf(name.Name)).Where(graph.IsServerRun).SelectMany(Named);
            case MemberExpression { Object: Identifier root } member when listener.Scope.OwnerOf(root.Name) is null && SyntaxTree.PropertyName(member) is { } property:
                return root.Name == "window"
                    ? graph.FunctionsOf(property, null).Where(graph.IsServerRun).SelectMany(Named)
                    : graph.Methods(root.Name, property).Where(graph.IsServerRun).SelectMany(Named);
            default:
                RefuseMadeUp(listener);
                return [];
        }
    }

    private IEnumerable<HandlerUse> Named(FunctionScope function) =>
        graph.GlobalNameOf(function) is { } name
            ? [new HandlerUse(name, function, function.Code.PositionOf(function.Node), graph.GlobalsOf(function)) { Function = name }]
            : Anonymous(function);

    // It is run by its text alone, as a global function: variables of the functions around it do not exist there.
    private IEnumerable<HandlerUse> Anonymous(FunctionScope function)
    {
        if (function.FirstCapture() is { } capture)
        {
            diagnostics.Add(
                function.Code.PositionOf(capture.Node),
                $"this listener runs on the server, where '{capture.Name}' of the function around it does not exist",
                $"Declare '{capture.Name}' outside of all functions, or inside the listener.");
            return [];
        }

        var source = function.SourceText;
        var name = $"{pageFile}#listener:{SourceHash.Of(source)}";
        return [new HandlerUse(name, function, function.Code.PositionOf(function.Node), graph.GlobalsOf(function)) { ListenerSource = source }];
    }

    // send.bind(x), makeListener(): the browser cannot tell what such a function is.
    private void RefuseMadeUp(ListenerUse listener)
    {
        var names = SyntaxTree.All(listener.Expression).OfType<Identifier>();
        var serverRun = names.FirstOrDefault(name => graph.FunctionsOf(name.Name, listener.Scope.OwnerOf(name.Name)).Any(graph.IsServerRun));
        if (serverRun is not null && listener.Expression is CallExpression)
        {
            diagnostics.Add(
                listener.Scope.Code.PositionOf(listener.Expression),
                $"this listener is made at run time from '{serverRun.Name}', which runs on the server, and cannot be recognised",
                $"Give the function itself: addEventListener('click', {serverRun.Name}).");
        }
    }
}
