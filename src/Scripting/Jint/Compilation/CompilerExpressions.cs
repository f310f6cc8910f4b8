using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;
using Ast = Jint.Parser.Ast;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <content>Expressions.</content>
internal sealed partial class Compiler
{
    private Expression Expression(Ast.Expression node)
    {
        if (++_depth > _limits.MaxProgramDepth)
        {
            throw Mistake(node, "SyntaxError: nested too deeply");
        }

        var compiled = ExpressionInner(node);
        if (_depth % GuardEvery == 0)
        {
            compiled = compiled as Target ?? (Expression)new DepthGuard(compiled, SiteOf(node));
        }

        _depth--;
        return compiled;
    }

    private Expression ExpressionInner(Ast.Expression node) => node switch
    {
        Ast.Literal { Type: Ast.SyntaxNodes.RegularExpressionLiteral } literal => RegExp(literal),
        Ast.Literal literal => new Constant(Value(literal)),
        Ast.Identifier identifier => Variable(identifier.Name, node),
        Ast.ThisExpression => new ThisExpression(),
        Ast.ArrayExpression array => new ArrayLiteral([.. array.Elements.Select(e => e is null ? null : Expression(e))]),
        Ast.ObjectExpression literal => new ObjectLiteral([.. literal.Properties.Select(Property)]),
        Ast.FunctionExpression function => new FunctionExpression(Function(function, function.Id?.Name)),
        Ast.MemberExpression member => Member(member),
        Ast.CallExpression call => Call(call),
        Ast.NewExpression creation => new New(Expression(creation.Callee), Arguments(creation.Arguments), SiteOf(node)),
        Ast.UpdateExpression update => new Update(TargetOf(update.Argument), update.Operator == Ast.UnaryOperator.Increment ? 1 : -1, update.Prefix),
        Ast.UnaryExpression unary => Unary(unary),
        Ast.BinaryExpression binary => new Binary(Kind(binary.Operator), Expression(binary.Left), Expression(binary.Right), SiteOf(node)),
        Ast.LogicalExpression logical => new Logical(logical.Operator == Ast.LogicalOperator.LogicalAnd, Expression(logical.Left), Expression(logical.Right)),
        Ast.ConditionalExpression choice => new Conditional(Expression(choice.Test), Expression(choice.Consequent), Expression(choice.Alternate)),
        Ast.AssignmentExpression assignment => Assignment(assignment),
        Ast.SequenceExpression sequence => new Sequence([.. sequence.Expressions.Select(Expression)]),
        _ => throw Mistake(node, $"SyntaxError: {node.Type} is not supported on the server"),
    };

    private RegExpLiteral RegExp(Ast.Literal literal)
    {
        var end = literal.Raw.LastIndexOf('/');
        var pattern = Pattern.TryCreate(literal.Raw[1..end], literal.Raw[(end + 1)..], _limits.RegexTimeout, out var mistake);
        return pattern is null ? throw Mistake(literal, "SyntaxError: " + mistake) : new RegExpLiteral(pattern);
    }

    private static JsValue Value(Ast.Literal literal) => literal.Value switch
    {
        null => JsValue.Null,
        bool value => value,
        string text => string.Intern(text),
        double number => number,

        // The parser's integers (hexadecimal, octal) wrap where doubles do not.
        var integer => ArrayIndexOrHex(literal, Convert.ToDouble(integer, System.Globalization.CultureInfo.InvariantCulture)),
    };

    private static double ArrayIndexOrHex(Ast.Literal literal, double value) =>
        literal.Raw is { Length: > 17 } raw && raw.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? Numbers.Parse(raw) : value;

    private PropertyNode Property(Ast.Property property)
    {
        var key = string.Intern(Key(property.Key));
        var function = property.Value as Ast.FunctionExpression;
        return property.Kind switch
        {
            Ast.PropertyKind.Get => new PropertyNode(key, null, new FunctionExpression(Function(function!, key)), null),
            Ast.PropertyKind.Set => new PropertyNode(key, null, null, new FunctionExpression(Function(function!, key))),
            _ => new PropertyNode(key, Named(property.Value, key), null, null),
        };
    }

    private static string Key(Ast.IPropertyKeyExpression key) => key switch
    {
        Ast.Identifier identifier => identifier.Name,
        Ast.Literal literal => Operators.ToText(Value(literal)),
        _ => key.GetKey(),
    };

    /// <summary>A function without a name takes that of what it is assigned to, for error messages; it cannot call itself by it.</summary>
    private Expression Named(Ast.Expression value, string name)
    {
        if (value is not Ast.FunctionExpression { Id: null } function)
        {
            return Expression(value);
        }

        var code = Function(function, null);
        return new FunctionExpression(new FunctionCode
        {
            Name = name,
            Parameters = code.Parameters,
            Slots = code.Slots,
            SelfSlot = code.SelfSlot,
            ArgumentsSlot = code.ArgumentsSlot,
            Strict = code.Strict,
            Declarations = code.Declarations,
            Body = code.Body,
            SourceText = code.SourceText,
        });
    }

    private Target Member(Ast.MemberExpression member)
    {
        var target = Expression(member.Object);
        if (_depth % GuardEvery == 0)
        {
            target = new DepthGuard(target, SiteOf(member));
        }

        if (!member.Computed)
        {
            return new Member(target, string.Intern(((Ast.Identifier)member.Property).Name), _strict, _lenient, SiteOf(member.Property));
        }

        return member.Property is Ast.Literal { Value: string key }
            ? new Member(target, string.Intern(key), _strict, _lenient, SiteOf(member.Property))
            : new Element(target, Expression(member.Property), _strict, _lenient, SiteOf(member.Property));
    }

    private Expression Call(Ast.CallExpression call)
    {
        if (call.Callee is Ast.Identifier { Name: "eval" })
        {
            throw Mistake(call, "SyntaxError: eval is not supported on the server");
        }

        var callee = Expression(call.Callee);
        var arguments = Arguments(call.Arguments);
        return callee is Target target and not (Local or Captured or Global)
            ? new MethodCall(target, arguments, _lenient, SiteOf(call))
            : new Call(callee, arguments, _lenient, SiteOf(call));
    }

    private Expression[] Arguments(IEnumerable<Ast.Expression> arguments) => [.. arguments.Select(Expression)];

    private Expression Unary(Ast.UnaryExpression unary)
    {
        if (unary.Operator is Ast.UnaryOperator.Increment or Ast.UnaryOperator.Decrement)
        {
            return new Update(TargetOf(unary.Argument), unary.Operator == Ast.UnaryOperator.Increment ? 1 : -1, unary.Prefix);
        }

        var operand = Expression(unary.Argument);
        var site = SiteOf(unary);
        return unary.Operator switch
        {
            Ast.UnaryOperator.TypeOf => new TypeOf(operand),
            Ast.UnaryOperator.Delete => new Delete(operand),
            Ast.UnaryOperator.Minus when unary.Argument is Ast.Literal { Value: double number } => new Constant(-number),
            Ast.UnaryOperator.Minus => new Unary(UnaryKind.Minus, operand, site),
            Ast.UnaryOperator.Plus => new Unary(UnaryKind.Plus, operand, site),
            Ast.UnaryOperator.LogicalNot => new Unary(UnaryKind.Not, operand, site),
            Ast.UnaryOperator.BitwiseNot => new Unary(UnaryKind.BitwiseNot, operand, site),
            _ => new Unary(UnaryKind.Void, operand, site),
        };
    }

    private Expression Assignment(Ast.AssignmentExpression assignment)
    {
        var target = TargetOf(assignment.Left);
        return assignment.Operator == Ast.AssignmentOperator.Assign
            ? new Assignment(target, Named(assignment.Right, target is Local or Global or Captured ? target.Name : ""))
            : new CompoundAssignment(target, Kind(assignment.Operator), Expression(assignment.Right), SiteOf(assignment));
    }

    private Target TargetOf(Ast.Expression node) =>
        Expression(node) as Target ?? throw Mistake(node, "SyntaxError: Invalid left-hand side in assignment");

    private static BinaryKind Kind(Ast.AssignmentOperator assignment) => assignment switch
    {
        Ast.AssignmentOperator.PlusAssign => BinaryKind.Add,
        Ast.AssignmentOperator.MinusAssign => BinaryKind.Subtract,
        Ast.AssignmentOperator.TimesAssign => BinaryKind.Multiply,
        Ast.AssignmentOperator.DivideAssign => BinaryKind.Divide,
        Ast.AssignmentOperator.ModuloAssign => BinaryKind.Remainder,
        Ast.AssignmentOperator.BitwiseAndAssign => BinaryKind.And,
        Ast.AssignmentOperator.BitwiseOrAssign => BinaryKind.Or,
        Ast.AssignmentOperator.BitwiseXOrAssign => BinaryKind.Xor,
        Ast.AssignmentOperator.LeftShiftAssign => BinaryKind.ShiftLeft,
        Ast.AssignmentOperator.RightShiftAssign => BinaryKind.ShiftRight,
        _ => BinaryKind.ShiftRightUnsigned,
    };

    private static BinaryKind Kind(Ast.BinaryOperator binary) => binary switch
    {
        Ast.BinaryOperator.Plus => BinaryKind.Add,
        Ast.BinaryOperator.Minus => BinaryKind.Subtract,
        Ast.BinaryOperator.Times => BinaryKind.Multiply,
        Ast.BinaryOperator.Divide => BinaryKind.Divide,
        Ast.BinaryOperator.Modulo => BinaryKind.Remainder,
        Ast.BinaryOperator.Equal => BinaryKind.Equal,
        Ast.BinaryOperator.NotEqual => BinaryKind.NotEqual,
        Ast.BinaryOperator.Greater => BinaryKind.Greater,
        Ast.BinaryOperator.GreaterOrEqual => BinaryKind.GreaterOrEqual,
        Ast.BinaryOperator.Less => BinaryKind.Less,
        Ast.BinaryOperator.LessOrEqual => BinaryKind.LessOrEqual,
        Ast.BinaryOperator.StrictlyEqual => BinaryKind.StrictEqual,
        Ast.BinaryOperator.StricltyNotEqual => BinaryKind.StrictNotEqual,
        Ast.BinaryOperator.BitwiseAnd => BinaryKind.And,
        Ast.BinaryOperator.BitwiseOr => BinaryKind.Or,
        Ast.BinaryOperator.BitwiseXOr => BinaryKind.Xor,
        Ast.BinaryOperator.LeftShift => BinaryKind.ShiftLeft,
        Ast.BinaryOperator.RightShift => BinaryKind.ShiftRight,
        Ast.BinaryOperator.UnsignedRightShift => BinaryKind.ShiftRightUnsigned,
        Ast.BinaryOperator.InstanceOf => BinaryKind.InstanceOf,
        _ => BinaryKind.In,
    };
}
