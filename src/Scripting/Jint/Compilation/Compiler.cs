using Jint.Parser;
using Ast = Jint.Parser.Ast;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>A script of a page as compiled: global variables and functions are declared first, then it runs.</summary>
internal sealed record ScriptCode(string[] Variables, (string Name, FunctionCode Code)[] Functions, Statement[] Body);

/// <summary>
/// Compiles parsed texts. What the language allows and the server cannot honour (<c>with</c>, direct <c>eval</c>) is refused here, with its place,
/// and so is what the parser lets pass but ES5 does not have (<c>let</c>, <c>const</c>).
/// </summary>
internal sealed partial class Compiler
{
    /// <summary>A check of the stack stands at each so many nested nodes.</summary>
    private const int GuardEvery = 48;

    private readonly ScriptSource _source;
    private readonly ScriptLimits _limits;
    private readonly bool _lenient;
    private readonly int[] _lines;
    private Variables? _variables;
    private bool _strict;
    private int _depth;

    private Compiler(ScriptSource source, ScriptLimits limits, bool lenient)
    {
        _source = source;
        _limits = limits;
        _lenient = lenient;
        _lines = LineStarts(source.Text);
    }

    /// <summary>Compiles a script of a page.</summary>
    public static ScriptCode Script(ScriptSource source, ScriptLimits limits) =>
        SourceParser.Parse(source.Text, limits, program => new Compiler(source, limits, lenient: false).Program(program));

    /// <summary>Compiles code that is one function expression, in parentheses.</summary>
    public static FunctionCode Function(ScriptSource source, ScriptLimits limits) => SourceParser.Parse(source.Text, limits, program =>
        program.Body.FirstOrDefault() is Ast.ExpressionStatement { Expression: Ast.FunctionExpression function } && program.Body.Count == 1
            ? new Compiler(source, limits, lenient: false).Function(function, function.Id?.Name)
            : throw new SourceMistake("SyntaxError: a function expected", 1, 0));

    /// <summary>Compiles a template's expression: properties of nothing are undefined.</summary>
    public static Expression Template(ScriptSource source, ScriptLimits limits) => SourceParser.Parse(source.Text, limits, program =>
        program.Body.FirstOrDefault() is Ast.ExpressionStatement statement && program.Body.Count == 1
            ? new Compiler(source, limits, lenient: true).Expression(statement.Expression)
            : throw new SourceMistake("SyntaxError: one expression expected", 1, 0));

    private ScriptCode Program(Ast.Program program)
    {
        _strict = program.Strict;
        var declared = Declarations.Of(program.Body);
        var functions = declared.Functions.Select(f => (f.Id.Name, Function(f, f.Id.Name))).ToArray();
        return new ScriptCode([.. declared.Variables], functions, All(program.Body));
    }

    private FunctionCode Function(IFunctionDeclaration function, string? name)
    {
        var node = (Ast.SyntaxNode)function;
        if (node is Ast.FunctionExpression { Generator: true } or Ast.FunctionDeclaration { Generator: true })
        {
            throw Mistake(node, "SyntaxError: generators are not part of ES5");
        }

        var body = ((Ast.BlockStatement)function.Body).Body;
        var (outer, outerStrict) = (_variables, _strict);
        var variables = new Variables(outer, isFunction: true);
        (_variables, _strict) = (variables, function.Strict);
        var declarations = Declare(variables, function, body, node is Ast.FunctionExpression ? name : null);
        var statements = All(body);
        (_variables, _strict) = (outer, outerStrict);
        return new FunctionCode
        {
            Name = name ?? "",
            Parameters = function.Parameters.Count(),
            Slots = variables.Count,
            SelfSlot = variables.SelfSlot,
            ArgumentsSlot = variables.ArgumentsSlot,
            Strict = function.Strict,
            Declarations = declarations,
            Body = statements,
            SourceText = TextOf(node),
        };
    }

    private (int Slot, FunctionCode Code)[] Declare(Variables variables, IFunctionDeclaration function, IEnumerable<Ast.Statement> body, string? self)
    {
        foreach (var parameter in function.Parameters)
        {
            variables.DeclareParameter(parameter.Name);
        }

        var declared = Declarations.Of(body);
        foreach (var name in declared.Functions.Select(f => f.Id.Name).Concat(declared.Variables))
        {
            // "var arguments" without a value is the arguments object itself.
            if (name != "arguments" || declared.Functions.Any(f => f.Id.Name == name))
            {
                variables.Declare(name);
            }
        }

        if (self is not null)
        {
            variables.DeclareSelf(self);
        }

        return [.. declared.Functions.Select(f => (variables.Declare(f.Id.Name), Function(f, f.Id.Name)))];
    }

    private Statement[] All(IEnumerable<Ast.Statement> statements) => [.. statements.Where(s => s is not Ast.FunctionDeclaration).Select(s => Statement(s))];

    private Target Variable(string name, Ast.SyntaxNode node)
    {
        if (!Variables.TryResolve(_variables, name, out var depth, out var slot, out var constant))
        {
            return new Global(name, _strict, SiteOf(node));
        }

        return depth == 0 ? new Local(name, slot, constant) : new Captured(name, depth, slot, constant);
    }

    private Site SiteOf(Ast.SyntaxNode node) => new(_source, node.Location?.Start.Line ?? 1, node.Location?.Start.Column ?? 0);

    private static SourceMistake Mistake(Ast.SyntaxNode node, string message) =>
        new(message, node.Location?.Start.Line ?? 1, node.Location?.Start.Column ?? 0);

    private string TextOf(Ast.SyntaxNode node)
    {
        if (node.Location is not { } location)
        {
            return "";
        }

        var text = _source.Text;
        var start = OffsetOf(location.Start);
        var end = OffsetOf(location.End);

        // The parser's end may include the space behind; a function ends with its brace.
        end = end > start ? text.LastIndexOf('}', Math.Min(end, text.Length) - 1) + 1 : start;
        return end > start ? text[start..end] : "";
    }

    private int OffsetOf(Position position) =>
        Math.Clamp(_lines[Math.Clamp(position.Line - 1, 0, _lines.Length - 1)] + position.Column, 0, _source.Text.Length);

    private static int[] LineStarts(string text)
    {
        var starts = new List<int> { 0 };
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\n' or '\u2028' or '\u2029' || (text[i] == '\r' && (i + 1 >= text.Length || text[i + 1] != '\n')))
            {
                starts.Add(i + 1);
            }
        }

        return [.. starts];
    }
}
