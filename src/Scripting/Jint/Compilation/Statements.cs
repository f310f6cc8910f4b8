using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>How a statement ended.</summary>
internal enum Completion
{
    Normal,
    Break,
    Continue,
    Return,
}

/// <summary>A compiled statement: immutable, shared.</summary>
internal abstract class Statement
{
    public abstract Completion Run(Frame frame);
}

internal static class Statements
{
    public static Completion Run(Statement[] statements, Frame frame)
    {
        foreach (var statement in statements)
        {
            var completion = statement.Run(frame);
            if (completion != Completion.Normal)
            {
                return completion;
            }
        }

        return Completion.Normal;
    }
}

internal sealed class Block(Statement[] statements) : Statement
{
    public override Completion Run(Frame frame) => Statements.Run(statements, frame);
}

internal sealed class ExpressionStatement(Expression expression) : Statement
{
    public override Completion Run(Frame frame)
    {
        expression.Evaluate(frame);
        return Completion.Normal;
    }
}

/// <summary><c>if … else if … else</c>: one node however long the chain is.</summary>
internal sealed class If((Expression Test, Statement Body)[] branches, Statement? otherwise) : Statement
{
    public override Completion Run(Frame frame)
    {
        foreach (var (test, body) in branches)
        {
            if (Operators.ToBoolean(test.Evaluate(frame)))
            {
                return body.Run(frame);
            }
        }

        return otherwise?.Run(frame) ?? Completion.Normal;
    }
}

internal sealed class Return(Expression? value) : Statement
{
    public override Completion Run(Frame frame)
    {
        frame.Result = value?.Evaluate(frame) ?? default;
        return Completion.Return;
    }
}

internal sealed class Jump(Completion completion, string? label) : Statement
{
    public override Completion Run(Frame frame)
    {
        frame.Label = label;
        return completion;
    }
}

/// <summary>A labelled statement that is no loop (loops know their labels).</summary>
internal sealed class Labelled(string label, Statement body) : Statement
{
    public override Completion Run(Frame frame)
    {
        var completion = body.Run(frame);
        if (completion == Completion.Break && frame.Label == label)
        {
            frame.Label = null;
            return Completion.Normal;
        }

        return completion;
    }
}

internal sealed class Throw(Expression value, Site site) : Statement
{
    public override Completion Run(Frame frame)
    {
        var thrown = value.Evaluate(frame);
        frame.Realm.At = site;
        throw new ScriptThrow(thrown, site);
    }
}

/// <summary><c>try</c>: only what scripts throw is caught, and only for that and for ordinary ends does <c>finally</c> run.</summary>
/// <param name="body">the guarded statements</param>
/// <param name="handler">of <c>catch</c>; its variable is slot 0 of a scope of its own</param>
/// <param name="finalizer">of <c>finally</c></param>
internal sealed class Try(Statement body, Statement? handler, Statement? finalizer) : Statement
{
    public override Completion Run(Frame frame)
    {
        if (finalizer is null)
        {
            return Guarded(frame);
        }

        var depth = frame.Realm.Depth;
        var scope = frame.Scope;
        ScriptThrow? thrown = null;
        var completion = Completion.Normal;
        try
        {
            completion = Guarded(frame);
        }
        catch (ScriptThrow e)
        {
            thrown = e;
            frame.Realm.Depth = depth;
            frame.Scope = scope;
        }

        return Finish(frame, completion, thrown);
    }

    private Completion Finish(Frame frame, Completion completion, ScriptThrow? thrown)
    {
        var (result, label) = (frame.Result, frame.Label);
        var last = finalizer!.Run(frame);
        if (last != Completion.Normal)
        {
            return last;
        }

        if (thrown is not null)
        {
            throw new ScriptThrow(thrown.Value, thrown.Site);
        }

        (frame.Result, frame.Label) = (result, label);
        return completion;
    }

    private Completion Guarded(Frame frame)
    {
        if (handler is null)
        {
            return body.Run(frame);
        }

        var depth = frame.Realm.Depth;
        var scope = frame.Scope;
        JsValue value;
        try
        {
            return body.Run(frame);
        }
        catch (ScriptThrow e)
        {
            value = e.Value;
        }

        // Outside of the C# handler: what the script's handler does must not run on top of an exception being handled.
        frame.Realm.Depth = depth;
        frame.Realm.Tick();
        frame.Scope = new Scope(frame.Realm, [value], scope);
        var completion = handler.Run(frame);
        frame.Scope = scope;
        return completion;
    }
}

/// <summary><c>switch</c>: the first case that matches, else default, and on from there.</summary>
internal sealed class Switch(Expression subject, (Expression? Test, Statement[] Body)[] cases, string[] labels) : Statement
{
    public override Completion Run(Frame frame)
    {
        var value = subject.Evaluate(frame);
        for (var i = Start(frame, value); i < cases.Length; i++)
        {
            var completion = Statements.Run(cases[i].Body, frame);
            if (completion == Completion.Break && (frame.Label is null || labels.Contains(frame.Label)))
            {
                frame.Label = null;
                return Completion.Normal;
            }

            if (completion != Completion.Normal)
            {
                return completion;
            }
        }

        return Completion.Normal;
    }

    private int Start(Frame frame, JsValue value)
    {
        for (var i = 0; i < cases.Length; i++)
        {
            if (cases[i].Test is { } test && Operators.StrictEquals(value, test.Evaluate(frame)))
            {
                return i;
            }
        }

        var byDefault = Array.FindIndex(cases, c => c.Test is null);
        return byDefault < 0 ? cases.Length : byDefault;
    }
}

/// <summary>Stands every so often in deeply nested statements, as <see cref="DepthGuard"/> does in expressions.</summary>
internal sealed class StatementGuard(Statement inner, Site site) : Statement
{
    public override Completion Run(Frame frame)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            frame.Realm.At = site;
            throw frame.Realm.Limit("the statements are nested too deeply");
        }

        return inner.Run(frame);
    }
}
