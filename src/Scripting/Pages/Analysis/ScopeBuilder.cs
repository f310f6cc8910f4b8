using Jint.Parser;
using Jint.Parser.Ast;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>
/// First pass over a script: its functions, their variables, and which of them hand a parameter to addEventListener (so that the second pass
/// knows a listener when it sees one).
/// </summary>
internal sealed class ScopeBuilder
{
    private readonly PageCode _code;
    private readonly Dictionary<SyntaxNode, FunctionScope> _scopes = [];

    private ScopeBuilder(PageCode code) => _code = code;

    /// <summary>The script's own scope, and the scope of each function node.</summary>
    public static (FunctionScope Script, IReadOnlyDictionary<SyntaxNode, FunctionScope> ByNode) Build(PageCode code, Program program)
    {
        var builder = new ScopeBuilder(code);
        var script = new FunctionScope(code, null, program);
        builder._scopes[program] = script;
        builder.Visit(program, script);
        return (script, builder._scopes);
    }

    private void Visit(SyntaxNode node, FunctionScope scope)
    {
        foreach (var child in SyntaxTree.Children(node))
        {
            switch (child)
            {
                case null:
                    break;
                case IFunctionDeclaration function:
                    VisitFunction(child, function, scope);
                    break;
                default:
                    Declare(child, scope);
                    Visit(child, scope);
                    break;
            }
        }
    }

    private void VisitFunction(SyntaxNode node, IFunctionDeclaration function, FunctionScope parent)
    {
        var scope = new FunctionScope(_code, parent, node);
        _scopes[node] = scope;
        parent.Children.Add(scope);
        scope.Locals.Add("arguments");
        foreach (var parameter in function.Parameters)
        {
            scope.Locals.Add(parameter.Name);
        }

        if (node is FunctionDeclaration)
        {
            parent.Locals.Add(function.Id.Name);
            Define(parent, function.Id.Name, scope);
        }
        else if (function.Id is { } ownName)
        {
            scope.Locals.Add(ownName.Name);
            Define(scope, ownName.Name, scope);
        }

        Visit(node, scope);
    }

    private static void Declare(SyntaxNode node, FunctionScope scope)
    {
        switch (node)
        {
            case VariableDeclarator declarator:
                scope.Locals.Add(declarator.Id.Name);
                break;
            case CatchClause clause:
                scope.Locals.Add(clause.Param.Name); // its scope is the block; as the function's it is an upper bound
                break;
            case CallExpression call when ListenerCall.Registered(call) is Identifier listener:
                DeclareListenerParameter(listener.Name, scope);
                break;
        }
    }

    private static void DeclareListenerParameter(string name, FunctionScope scope)
    {
        for (var function = scope; function.Function is { } declaration; function = function.Parent!)
        {
            var index = declaration.Parameters.ToList().FindIndex(parameter => parameter.Name == name);
            if (index >= 0)
            {
                function.ListenerParameters.Add(index);
                return;
            }
        }
    }

    private static void Define(FunctionScope scope, string name, FunctionScope function)
    {
        if (!scope.LocalFunctions.TryGetValue(name, out var functions))
        {
            scope.LocalFunctions[name] = functions = [];
        }

        functions.Add(function);
    }
}
