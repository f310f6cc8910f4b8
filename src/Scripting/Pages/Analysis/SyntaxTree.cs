using Jint.Parser;
using Jint.Parser.Ast;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>The shape of ES5 syntax: what is below each node.</summary>
internal static class SyntaxTree
{
    /// <summary>The parts of a node that are code: names that are only labels, declared names, parameters and plain property names are not.</summary>
    public static IEnumerable<SyntaxNode?> Children(SyntaxNode node) => node switch
    {
        Program n => n.Body,
        FunctionDeclaration n => [n.Body],
        FunctionExpression n => [n.Body],
        BlockStatement n => n.Body,
        ExpressionStatement n => [n.Expression],
        VariableDeclaration n => n.Declarations,
        VariableDeclarator n => [n.Init],
        IfStatement n => [n.Test, n.Consequent, n.Alternate],
        ForStatement n => [n.Init, n.Test, n.Update, n.Body],
        ForInStatement n => [n.Left, n.Right, n.Body],
        WhileStatement n => [n.Test, n.Body],
        DoWhileStatement n => [n.Body, n.Test],
        LabelledStatement n => [n.Body],
        WithStatement n => [n.Object, n.Body],
        ReturnStatement n => [n.Argument],
        ThrowStatement n => [n.Argument],
        SwitchStatement n => [n.Discriminant, .. n.Cases ?? []],
        SwitchCase n => [n.Test, .. n.Consequent ?? []],
        TryStatement n => [n.Block, .. n.Handlers ?? [], n.Finalizer],
        CatchClause n => [n.Body],
        AssignmentExpression n => [n.Left, n.Right],
        BinaryExpression n => [n.Left, n.Right],
        LogicalExpression n => [n.Left, n.Right],
        ConditionalExpression n => [n.Test, n.Consequent, n.Alternate],
        CallExpression n => [n.Callee, .. n.Arguments],
        NewExpression n => [n.Callee, .. n.Arguments ?? []],
        MemberExpression n => n.Computed ? [n.Object, n.Property] : [n.Object],
        UnaryExpression n => [n.Argument],
        SequenceExpression n => n.Expressions,
        ArrayExpression n => n.Elements,
        ObjectExpression n => n.Properties,
        Property n => [n.Value],
        _ => [],
    };

    /// <summary>The node and all below it, in source order. Depth is bounded by <see cref="ScriptNesting"/>, so a stack on the heap is only for speed.</summary>
    public static IEnumerable<SyntaxNode> All(SyntaxNode root)
    {
        var open = new Stack<SyntaxNode>([root]);
        while (open.TryPop(out var node))
        {
            yield return node;
            foreach (var child in Children(node).Reverse())
            {
                if (child is not null)
                {
                    open.Push(child);
                }
            }
        }
    }

    /// <summary>The function's parts, whichever way it is written; null if the node is no function.</summary>
    public static IFunctionDeclaration? AsFunction(SyntaxNode node) => node as IFunctionDeclaration;

    /// <summary>A property's name where it is written out: <c>a.name</c> or <c>a['name']</c>.</summary>
    public static string? PropertyName(MemberExpression member) => member switch
    {
        { Computed: false, Property: Identifier name } => name.Name,
        { Computed: true, Property: Literal { Value: string name } } => name,
        _ => null,
    };

    /// <summary>The name at the root of <c>a.b.c</c>; null if it is no name.</summary>
    public static Identifier? Root(Expression expression)
    {
        var node = expression;
        while (node is MemberExpression member)
        {
            node = member.Object;
        }

        return node as Identifier;
    }
}
