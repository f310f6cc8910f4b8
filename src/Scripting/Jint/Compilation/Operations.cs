using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>Operators with two operands.</summary>
internal enum BinaryKind
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    StrictEqual,
    StrictNotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    InstanceOf,
    In,
}

internal sealed class Binary(BinaryKind kind, Expression left, Expression right, Site site) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var a = left.Evaluate(frame);
        var b = right.Evaluate(frame);
        if (a.IsNumber && b.IsNumber && TryNumbers(a.Number, b.Number, out var result))
        {
            return result;
        }

        frame.Realm.At = site;
        return Apply(frame.Realm, kind, a, b);
    }

    public static JsValue Apply(Realm realm, BinaryKind kind, JsValue a, JsValue b)
    {
        switch (kind)
        {
            case BinaryKind.Add:
                return Operators.Add(realm, a, b);
            case BinaryKind.Equal:
            case BinaryKind.NotEqual:
                return Operators.LooseEquals(a, b) == (kind == BinaryKind.Equal);
            case BinaryKind.StrictEqual:
            case BinaryKind.StrictNotEqual:
                return Operators.StrictEquals(a, b) == (kind == BinaryKind.StrictEqual);
            case BinaryKind.Less:
            case BinaryKind.Greater:
            case BinaryKind.LessOrEqual:
            case BinaryKind.GreaterOrEqual:
                return Compare(kind, a, b);
            case BinaryKind.InstanceOf:
                return b.Function is { } type ? type.HasInstance(a) : throw realm.TypeError("Right-hand side of 'instanceof' is not callable");
            case BinaryKind.In:
                return b.Object is { } o
                    ? o.HasProperty(Operators.ToText(a))
                    : throw realm.TypeError($"Cannot use 'in' operator to search for '{Operators.ToText(a)}' in {Operators.ToText(b)}");
            default:
                var x = Operators.ToNumber(a);
                return Arithmetic(kind, x, Operators.ToNumber(b));
        }
    }

    private static bool Compare(BinaryKind kind, JsValue a, JsValue b) => kind switch
    {
        BinaryKind.Less => Operators.Less(a, b, leftFirst: true) == true,
        BinaryKind.Greater => Operators.Less(b, a, leftFirst: false) == true,
        BinaryKind.LessOrEqual => Operators.Less(b, a, leftFirst: false) == false,
        _ => Operators.Less(a, b, leftFirst: true) == false,
    };

    private static double Arithmetic(BinaryKind kind, double a, double b) => kind switch
    {
        BinaryKind.Subtract => a - b,
        BinaryKind.Multiply => a * b,
        BinaryKind.Divide => a / b,
        BinaryKind.Remainder => a % b,
        BinaryKind.And => Numbers.ToInt32(a) & Numbers.ToInt32(b),
        BinaryKind.Or => Numbers.ToInt32(a) | Numbers.ToInt32(b),
        BinaryKind.Xor => Numbers.ToInt32(a) ^ Numbers.ToInt32(b),
        BinaryKind.ShiftLeft => Numbers.ToInt32(a) << (int)(Numbers.ToUInt32(b) & 31),
        BinaryKind.ShiftRight => Numbers.ToInt32(a) >> (int)(Numbers.ToUInt32(b) & 31),
        _ => Numbers.ToUInt32(a) >> (int)(Numbers.ToUInt32(b) & 31),
    };

    private bool TryNumbers(double a, double b, out JsValue result)
    {
        switch (kind)
        {
            case BinaryKind.Add:
                result = a + b;
                return true;
            case BinaryKind.Subtract:
                result = a - b;
                return true;
            case BinaryKind.Multiply:
                result = a * b;
                return true;
            case BinaryKind.Less:
                result = a < b;
                return true;
            case BinaryKind.Greater:
                result = a > b;
                return true;
            case BinaryKind.LessOrEqual:
                result = a <= b;
                return true;
            case BinaryKind.GreaterOrEqual:
                result = a >= b;
                return true;
            case BinaryKind.StrictEqual:
            case BinaryKind.Equal:
                result = a == b;
                return true;
            case BinaryKind.StrictNotEqual:
            case BinaryKind.NotEqual:
                result = a != b;
                return true;
            default:
                result = default;
                return false;
        }
    }
}

/// <summary>Operators with one operand that only need its value.</summary>
internal enum UnaryKind
{
    Plus,
    Minus,
    Not,
    BitwiseNot,
    Void,
}

internal sealed class Unary(UnaryKind kind, Expression operand, Site site) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var value = operand.Evaluate(frame);
        frame.Realm.At = site;
        return kind switch
        {
            UnaryKind.Plus => Operators.ToNumber(value),
            UnaryKind.Minus => -Operators.ToNumber(value),
            UnaryKind.Not => !Operators.ToBoolean(value),
            UnaryKind.BitwiseNot => ~Operators.ToInt32(value),
            _ => default(JsValue),
        };
    }
}

internal sealed class TypeOf(Expression operand) : Expression
{
    public override JsValue Evaluate(Frame frame) =>
        Operators.TypeOf(operand is Target target ? target.EvaluateForTypeOf(frame) : operand.Evaluate(frame));
}

internal sealed class Delete(Expression operand) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        if (operand is Target target)
        {
            return target.Delete(frame);
        }

        operand.Evaluate(frame);
        return true;
    }
}
