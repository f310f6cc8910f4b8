using Jint.Parser.Ast;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>Calls of <c>addEventListener</c>.</summary>
internal static class ListenerCall
{
    /// <summary>What a call registers as a listener; null if it registers nothing.</summary>
    public static Expression? Registered(CallExpression call)
    {
        var name = call.Callee switch
        {
            Identifier callee => callee.Name,
            MemberExpression member => SyntaxTree.PropertyName(member),
            _ => null,
        };
        return name == "addEventListener" && call.Arguments.Count >= 2 ? call.Arguments[1] : null;
    }
}
