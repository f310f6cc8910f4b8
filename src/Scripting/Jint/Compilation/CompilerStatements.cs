using Ast = Jint.Parser.Ast;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <content>Statements.</content>
internal sealed partial class Compiler
{
    private static readonly string[] NoLabels = [];

    private Statement Statement(Ast.Statement node, string[]? labels = null)
    {
        if (++_depth > _limits.MaxProgramDepth)
        {
            throw Mistake(node, "SyntaxError: nested too deeply");
        }

        var compiled = StatementInner(node, labels ?? NoLabels);
        if (_depth % GuardEvery == 0)
        {
            compiled = new StatementGuard(compiled, SiteOf(node));
        }

        _depth--;
        return compiled;
    }

    private Statement StatementInner(Ast.Statement node, string[] labels) => node switch
    {
        Ast.BlockStatement block => new Block(All(block.Body)),
        Ast.ExpressionStatement statement => new ExpressionStatement(Expression(statement.Expression)),
        Ast.VariableDeclaration variables => Declaration(variables),
        Ast.IfStatement branch => If(branch),
        Ast.ReturnStatement result => new Return(result.Argument is null ? null : Expression(result.Argument)),
        Ast.ForStatement loop => For(loop, labels),
        Ast.ForInStatement loop => ForIn(loop, labels),
        Ast.WhileStatement loop => new While(Expression(loop.Test), Statement(loop.Body), labels, SiteOf(node)),
        Ast.DoWhileStatement loop => new DoWhile(Statement(loop.Body), Expression(loop.Test), labels, SiteOf(node)),
        Ast.BreakStatement jump => new Jump(Completion.Break, jump.Label?.Name),
        Ast.ContinueStatement jump => new Jump(Completion.Continue, jump.Label?.Name),
        Ast.ThrowStatement thrown => new Throw(Expression(thrown.Argument), SiteOf(node)),
        Ast.TryStatement attempt => Try(attempt),
        Ast.SwitchStatement choice => new Switch(Expression(choice.Discriminant), [.. choice.Cases.Select(Case)], labels),
        Ast.LabelledStatement labelled => Labelled(labelled, labels),
        Ast.EmptyStatement or Ast.DebuggerStatement or Ast.FunctionDeclaration => new Block([]),
        Ast.WithStatement => throw Mistake(node, "SyntaxError: with is not supported on the server"),
        _ => throw Mistake(node, $"SyntaxError: {node.Type} is not supported on the server"),
    };

    private Block Declaration(Ast.VariableDeclaration variables)
    {
        if (variables.Kind is "let" or "const")
        {
            throw Mistake(variables, $"SyntaxError: {variables.Kind} is not part of ES5; use var");
        }

        return new Block([.. variables.Declarations.Where(d => d.Init is not null).Select(d =>
            new ExpressionStatement(new Assignment(Variable(d.Id.Name, d), Named(d.Init, d.Id.Name))))]);
    }

    private If If(Ast.IfStatement branch)
    {
        // An else-if chain is as long as the author likes: it is walked, not recursed into.
        var branches = new List<(Expression, Statement)>();
        Ast.Statement? rest = branch;
        for (; rest is Ast.IfStatement one; rest = one.Alternate)
        {
            branches.Add((Expression(one.Test), Statement(one.Consequent)));
        }

        return new If([.. branches], rest is null ? null : Statement(rest));
    }

    private For For(Ast.ForStatement loop, string[] labels)
    {
        Statement? start = loop.Init switch
        {
            null => null,
            Ast.VariableDeclaration variables => Declaration(variables),
            var expression => new ExpressionStatement(Expression((Ast.Expression)expression)),
        };
        return new For(
            start,
            loop.Test is null ? null : Expression(loop.Test),
            loop.Update is null ? null : Expression(loop.Update),
            Statement(loop.Body),
            labels,
            SiteOf(loop));
    }

    private Statement ForIn(Ast.ForInStatement loop, string[] labels)
    {
        if (loop.Left is not Ast.VariableDeclaration variables)
        {
            return new ForIn(TargetOf((Ast.Expression)loop.Left), Expression(loop.Right), Statement(loop.Body), labels, SiteOf(loop));
        }

        var start = Declaration(variables);
        var variable = Variable(variables.Declarations.First().Id.Name, loop.Left);
        return new Block([start, new ForIn(variable, Expression(loop.Right), Statement(loop.Body), labels, SiteOf(loop))]);
    }

    private Statement Labelled(Ast.LabelledStatement labelled, string[] labels)
    {
        string[] all = [.. labels, labelled.Label.Name];
        return labelled.Body is Ast.ForStatement or Ast.ForInStatement or Ast.WhileStatement or Ast.DoWhileStatement or Ast.SwitchStatement or Ast.LabelledStatement
            ? Statement(labelled.Body, all)
            : new Labelled(labelled.Label.Name, Statement(labelled.Body));
    }

    private (Expression? Test, Statement[] Body) Case(Ast.SwitchCase one) => (one.Test is null ? null : Expression(one.Test), All(one.Consequent));

    private Try Try(Ast.TryStatement attempt)
    {
        var body = Statement(attempt.Block);
        Statement? handler = null;
        if (attempt.Handlers.FirstOrDefault() is { } clause)
        {
            var outer = _variables;
            _variables = new Variables(outer, isFunction: false);
            _variables.Declare(clause.Param.Name);
            handler = Statement(clause.Body);
            _variables = outer;
        }

        return new Try(body, handler, attempt.Finalizer is null ? null : Statement(attempt.Finalizer));
    }
}
