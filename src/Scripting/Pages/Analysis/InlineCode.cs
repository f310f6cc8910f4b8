using System.Text.Json;
using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Templates;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>The code of an event attribute, parsed as the body of the function that browsers make of it.</summary>
internal sealed class InlineCode
{
    private const string Head = "(function (event) {";

    private InlineCode(PageCode code, FunctionScope? scope) => (Code, Scope) = (code, scope);

    public PageCode Code { get; }

    /// <summary>The function; null if the code is no ES5.</summary>
    public FunctionScope? Scope { get; }

    /// <param name="source">the page</param>
    /// <param name="value">the attribute's value</param>
    /// <param name="start">where the value begins in the page</param>
    /// <param name="end">behind its end</param>
    /// <param name="graph">the page's functions</param>
    public static InlineCode Of(SourceText source, string value, int start, int end, PageGraph graph)
    {
        var decoded = DecodedText.Of(source.Text, start, end);
        SourcePosition At(int offset)
        {
            var within = Math.Clamp(offset - Head.Length, 0, value.Length);
            return source.PositionAt(decoded.Text == value ? decoded.SourceOffset(within) : start);
        }

        var code = new PageCode($"{Head}{value}\n}})", At);
        var isOneFunction = code.IsEs5 && code.SingleExpression is FunctionExpression && ScriptScan.Of(value).IsBalanced;
        return new InlineCode(code, isOneFunction ? graph.Attach(code).Children[0] : null);
    }

    /// <summary>
    /// A plain call: one call of a global function with literal arguments, <c>this</c> or <c>event</c>. Gives the function's name and the arguments
    /// as JavaScript.
    /// </summary>
    public (string Function, string Arguments)? PlainCall()
    {
        var body = ((BlockStatement)((FunctionExpression)Scope!.Node).Body).Body.Where(statement => statement is not EmptyStatement).ToList();
        var expression = body is [var only] ? only switch
        {
            ExpressionStatement statement => statement.Expression,
            ReturnStatement statement => statement.Argument,
            _ => null,
        } : null;
        if (expression is not CallExpression { Callee: Identifier callee } call)
        {
            return null;
        }

        var arguments = call.Arguments.Select(Argument).ToList();
        return arguments.Contains(null) ? null : (callee.Name, string.Join(",", arguments));
    }

    private static string? Argument(Expression argument) => argument switch
    {
        ThisExpression => "this",
        Identifier { Name: "event" } => "event",
        Literal { Value: string text } => Quoted(text),
        Literal { Type: not SyntaxNodes.RegularExpressionLiteral, Value: null or bool or double } literal => literal.Raw,
        UnaryExpression { Operator: UnaryOperator.Minus, Argument: Literal { Value: double } number } => "-" + number.Raw,
        _ => null,
    };

    /// <summary>A JavaScript string in single quotes, so that it stands well in an attribute.</summary>
    public static string Quoted(string text)
    {
        var json = JsonSerializer.Serialize(text, JsonText.Plain)[1..^1];
        return "'" + json.Replace("\\\"", "\"", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";
    }
}
