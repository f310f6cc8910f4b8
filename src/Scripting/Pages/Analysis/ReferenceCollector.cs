using Jint.Parser;
using Jint.Parser.Ast;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>A listener registered, or an event property assigned, somewhere in a script.</summary>
/// <param name="Expression">the function, or what names it</param>
/// <param name="Scope">the function whose text registers it</param>
internal sealed record ListenerUse(Expression Expression, FunctionScope Scope);

/// <summary><c>element.onclick = …</c>.</summary>
internal sealed record EventPropertyUse(MemberExpression Property, Expression Value, FunctionScope Scope);

/// <summary>Second pass over a script: which names each function uses, what defines the page's globals, which functions are listeners.</summary>
internal sealed class ReferenceCollector(IReadOnlyDictionary<SyntaxNode, FunctionScope> scopes, PageGraph graph)
{
    private static readonly HashSet<string> Timers = ["setTimeout", "setInterval", "requestAnimationFrame", "queueMicrotask"];
    private static readonly HashSet<string> GlobalObjects = ["window", "self", "globalThis", "top", "parent"];

    public void Collect(FunctionScope scope)
    {
        Visit(scope.Node, scope);
    }

    private void Visit(SyntaxNode node, FunctionScope scope)
    {
        foreach (var child in SyntaxTree.Children(node))
        {
            if (child is not null)
            {
                VisitNode(child, scope);
            }
        }
    }

    private void VisitNode(SyntaxNode node, FunctionScope scope)
    {
        switch (node)
        {
            case IFunctionDeclaration:
                var function = scopes[node];
                function.StandsAlone |= node is FunctionDeclaration;
                if (node is FunctionDeclaration declaration && scope.Parent is null)
                {
                    graph.Define(declaration.Id.Name, function);
                }

                Visit(node, function);
                break;
            case Identifier name:
                Refer(name, scope, null, ReferenceUse.Value);
                break;
            case MemberExpression member:
                VisitMember(member, scope, ReferenceUse.Value);
                break;
            case CallExpression call:
                VisitCall(call, scope);
                break;
            case Property { Value: FunctionExpression method } property:
                scopes[method].PropertyName = property.Key.GetKey();
                VisitNode(method, scope);
                break;
            case VariableDeclarator { Init: { } init } declarator:
                VisitDefinition(declarator.Id.Name, init, scope, isMember: false);
                break;
            case AssignmentExpression assignment:
                VisitAssignment(assignment, scope);
                break;
            case UpdateExpression { Argument: Identifier updated }:
                Assign(updated, scope);
                Refer(updated, scope, null, ReferenceUse.Value);
                break;
            case ForInStatement { Left: Identifier variable } loop:
                Assign(variable, scope);
                VisitNode(loop.Right, scope);
                VisitNode(loop.Body, scope);
                break;
            default:
                Visit(node, scope);
                break;
        }
    }

    private void VisitMember(MemberExpression member, FunctionScope scope, ReferenceUse use)
    {
        if (member.Object is Identifier root && GlobalObjects.Contains(root.Name) && scope.OwnerOf(root.Name) is null && SyntaxTree.PropertyName(member) is { } global)
        {
            scope.References.Add(new Reference(global, null, root, null, use)); // window.send is send
        }
        else if (member.Object is Identifier name)
        {
            Refer(name, scope, SyntaxTree.PropertyName(member), ReferenceUse.Value);
        }
        else if (member.Object is MemberExpression inner && inner.Object is Identifier outer && GlobalObjects.Contains(outer.Name)
            && scope.OwnerOf(outer.Name) is null && SyntaxTree.PropertyName(inner) is { } reached)
        {
            scope.References.Add(new Reference(reached, null, outer, SyntaxTree.PropertyName(member), ReferenceUse.Value)); // window.mjolnir.table
        }
        else
        {
            VisitNode(member.Object, scope);
        }

        if (member.Computed)
        {
            VisitNode(member.Property, scope);
        }
    }

    private void VisitCall(CallExpression call, FunctionScope scope)
    {
        switch (call.Callee)
        {
            case Identifier name:
                Refer(name, scope, null, ReferenceUse.Called);
                break;
            case MemberExpression member:
                VisitMember(member, scope, ReferenceUse.Called);
                break;
            default:
                VisitNode(call.Callee, scope);
                break;
        }

        var isTimer = CalleeName(call) is { } callee && Timers.Contains(callee);
        for (var i = 0; i < call.Arguments.Count; i++)
        {
            VisitArgument(call, i, isTimer, scope);
        }
    }

    private void VisitArgument(CallExpression call, int index, bool isTimer, FunctionScope scope)
    {
        var argument = call.Arguments[index];
        if (argument == ListenerCall.Registered(call) || IsListenerParameter(call, index, scope))
        {
            VisitListener(argument, scope);
        }
        else if (isTimer && index == 0 && argument is Identifier timed)
        {
            Refer(timed, scope, null, ReferenceUse.Timed);
        }
        else
        {
            VisitNode(argument, scope);
        }
    }

    // A listener is an event handler of its own: it does not make the function that registers it one.
    private void VisitListener(Expression listener, FunctionScope scope)
    {
        if (listener is FunctionExpression)
        {
            scopes[listener].StandsAlone = true;
            Visit(listener, scopes[listener]);
        }
        else if (SyntaxTree.Root(listener) is null)
        {
            VisitNode(listener, scope);
        }

        graph.Listeners.Add(new ListenerUse(listener, scope));
    }

    private bool IsListenerParameter(CallExpression call, int index, FunctionScope scope) =>
        call.Callee is Identifier callee && graph.FunctionsOf(callee.Name, scope.OwnerOf(callee.Name)).Any(function => function.ListenerParameters.Contains(index));

    private static string? CalleeName(CallExpression call) => call.Callee switch
    {
        Identifier name => name.Name,
        MemberExpression member => SyntaxTree.PropertyName(member),
        _ => null,
    };

    private void VisitAssignment(AssignmentExpression assignment, FunctionScope scope)
    {
        switch (assignment.Left)
        {
            case Identifier name:
                Assign(name, scope);
                if (assignment.Operator != AssignmentOperator.Assign)
                {
                    Refer(name, scope, null, ReferenceUse.Value);
                }

                VisitDefinition(name.Name, assignment.Right, scope, isMember: false);
                break;
            case MemberExpression member:
                VisitMember(member, scope, ReferenceUse.Assigned);
                VisitMemberAssignment(member, assignment.Right, scope);
                break;
            default:
                Visit(assignment, scope);
                break;
        }
    }

    private void VisitMemberAssignment(MemberExpression member, Expression value, FunctionScope scope)
    {
        var root = SyntaxTree.Root(member);
        var property = SyntaxTree.PropertyName(member);
        if (value is FunctionExpression)
        {
            scopes[value].PropertyName = property;
        }

        if (IsEventProperty(property) && root?.Name != "mjolnir")
        {
            graph.EventProperties.Add(new EventPropertyUse(member, value, scope));
            StandAlone(value);
            VisitNode(value, scope);
        }
        else if (root is not null && member.Object is Identifier && GlobalObjects.Contains(root.Name) && scope.OwnerOf(root.Name) is null && property is not null)
        {
            graph.AssignedGlobals.Add(property);
            VisitDefinition(property, value, scope: scope, isMember: false, isGlobal: true);
        }
        else if (root is not null && scope.OwnerOf(root.Name) is null)
        {
            VisitDefinition(root.Name, value, scope, isMember: true);
        }
        else
        {
            VisitNode(value, scope);
        }
    }

    private static bool IsEventProperty(string? property) =>
        property is { Length: > 2 } && property.StartsWith("on", StringComparison.Ordinal) && property.All(char.IsAsciiLetterLower);

    /// <summary>Functions within a global's value are reached by whoever uses the global's name.</summary>
    private void VisitDefinition(string name, Expression value, FunctionScope scope, bool isMember, bool isGlobal = false)
    {
        var owner = isGlobal ? null : scope.OwnerOf(name);
        if (value is FunctionExpression)
        {
            StandAlone(value);
            if (owner is not null && !isMember)
            {
                owner.LocalFunctions.TryAdd(name, []);
                owner.LocalFunctions[name].Add(scopes[value]);
            }
        }

        if (owner is null && !isMember)
        {
            graph.NoteValue(name, value is FunctionExpression);
        }

        VisitNode(value, scope);
        if (owner is null)
        {
            foreach (var function in SyntaxTree.All(value).Where(node => node is FunctionExpression or FunctionDeclaration))
            {
                graph.Define(name, scopes[function], isDirect: function == value && !isMember);
                scopes[function].StandsAlone |= value is ObjectExpression && scopes[function].Parent == scope;
            }
        }
    }

    private void StandAlone(Expression value)
    {
        if (value is FunctionExpression)
        {
            scopes[value].StandsAlone = true;
        }
    }

    private void Assign(Identifier name, FunctionScope scope)
    {
        if (scope.OwnerOf(name.Name) is null)
        {
            graph.AssignedGlobals.Add(name.Name);
            scope.References.Add(new Reference(name.Name, null, name, null, ReferenceUse.Assigned));
        }
        else
        {
            scope.References.Add(new Reference(name.Name, scope.OwnerOf(name.Name), name, null, ReferenceUse.Assigned));
        }
    }

    private static void Refer(Identifier name, FunctionScope scope, string? property, ReferenceUse use) =>
        scope.References.Add(new Reference(name.Name, scope.OwnerOf(name.Name), name, property, use));
}
