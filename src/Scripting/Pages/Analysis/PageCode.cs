using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>A piece of JavaScript with its place in the author's file: a script file, an inline script, an event attribute.</summary>
internal sealed class PageCode
{
    private readonly Func<int, SourcePosition> _positionAt;

    /// <param name="text">the code</param>
    /// <param name="positionAt">the place of a character of it</param>
    public PageCode(string text, Func<int, SourcePosition> positionAt)
    {
        Text = text;
        _positionAt = positionAt;
        Scan = ScriptScan.Of(text);
        Program = ScriptParser.Parse(text, Scan, out var failure);
        Failure = Program is null ? failure : null;
    }

    public string Text { get; }

    public ScriptScan Scan { get; }

    /// <summary>Null if it is no ES5.</summary>
    public Program? Program { get; }

    public ParseFailure? Failure { get; }

    /// <summary>
    /// ES5 throughout. The parser lets <c>let</c> and <c>const</c> pass as if they were <c>var</c>, which they are not.
    /// </summary>
    public bool IsEs5 => Program is not null && Scan.Modern.Count == 0;

    /// <summary>The expression that all of the code is; null if it is anything else.</summary>
    public Expression? SingleExpression => Program?.Body.Count == 1 ? (Program.Body.First() as ExpressionStatement)?.Expression : null;

    public SourcePosition PositionAt(int offset) => _positionAt(offset);

    public SourcePosition PositionOf(SyntaxNode node) => _positionAt(OffsetOf(node));

    /// <summary>Reports why it is no ES5: each newer construct with what to write instead, or else where the parser gave up.</summary>
    /// <param name="diagnostics">takes the mistakes</param>
    /// <param name="why">why it has to be ES5: "handlers run as ES5 …"</param>
    public void ReportNotEs5(DiagnosticList diagnostics, string why)
    {
        foreach (var modern in Scan.Modern)
        {
            diagnostics.Add(PositionAt(modern.Offset), $"{modern.What} is newer than ES5, and {why}", modern.Instead);
        }

        if (Failure is { } failure && !Scan.Modern.Any(modern => IsNear(modern, failure)))
        {
            diagnostics.Add(PositionAt(failure.Offset), failure.Message, $"The code must be ES5: {why}.");
        }
    }

    // The parser stumbles a little before or behind what it does not know: over "(x) => 1" at the arrow or at the parenthesis.
    private static bool IsNear(ModernSyntax modern, ParseFailure failure) => Math.Abs(modern.Offset - failure.Offset) < 200 || modern.Offset < failure.Offset;

    // Calls and members carry no range of their own: they begin where their first part does.
    private static int OffsetOf(SyntaxNode node) => node switch
    {
        { Range: { } range } => range[0],
        CallExpression call => OffsetOf(call.Callee),
        MemberExpression member => OffsetOf(member.Object),
        BinaryExpression binary => OffsetOf(binary.Left),
        LogicalExpression logical => OffsetOf(logical.Left),
        AssignmentExpression assignment => OffsetOf(assignment.Left),
        ConditionalExpression conditional => OffsetOf(conditional.Test),
        UnaryExpression unary => OffsetOf(unary.Argument),
        NewExpression created => OffsetOf(created.Callee),
        SequenceExpression sequence => OffsetOf(sequence.Expressions[0]),
        _ => 0,
    };
}
