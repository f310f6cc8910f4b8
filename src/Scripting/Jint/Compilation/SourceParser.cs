using Jint.Parser;
using Ast = Jint.Parser.Ast;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>A text that is not valid, with the place in the text.</summary>
internal sealed class SourceMistake(string message, int line, int column) : Exception(message)
{
    /// <summary>From 1.</summary>
    public int Line { get; } = line;

    /// <summary>From 0.</summary>
    public int Column { get; } = column;
}

/// <summary>
/// Parses and compiles source texts so that no text can end the process. The parser recurses with the text's nesting, so it runs on a
/// thread whose stack is larger than the longest admitted text can need, and texts with too many open brackets are refused before.
/// </summary>
internal static class SourceParser
{
    /// <summary>Parses a program and makes something of it, both on the large stack.</summary>
    /// <exception cref="SourceMistake">the text is not valid ES5</exception>
    public static T Parse<T>(string text, ScriptLimits limits, Func<Ast.Program, T> make)
    {
        RequireModest(text, limits);
        T result = default!;
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = make(ParseHere(text));
                }
                catch (Exception e)
                {
                    failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
                }
            },
            limits.ParserStackBytes)
        { Name = "script parser", IsBackground = true };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    private static Ast.Program ParseHere(string text)
    {
        try
        {
            return new JavaScriptParser().Parse(text);
        }
        catch (ParserException e)
        {
            // The parser counts columns from 1.
            throw new SourceMistake("SyntaxError: " + (e.Description ?? e.Message), e.LineNumber, Math.Max(0, e.Column - 1));
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException or InvalidCastException or NullReferenceException or IndexOutOfRangeException or InvalidOperationException)
        {
            throw new SourceMistake("SyntaxError: the text is not JavaScript", 1, 0);
        }
    }

    private static void RequireModest(string text, ScriptLimits limits)
    {
        if (text.Length > limits.MaxSourceLength)
        {
            throw new SourceMistake($"SyntaxError: a script of {text.Length} characters; at most {limits.MaxSourceLength} are allowed", 1, 0);
        }

        // Brackets in texts and comments count too: only a text that is nothing but brackets comes near the limit.
        var depth = 0;
        var line = 1;
        foreach (var c in text)
        {
            depth += c is '(' or '[' or '{' ? 1 : c is ')' or ']' or '}' && depth > 0 ? -1 : 0;
            line += c == '\n' ? 1 : 0;
            if (depth > limits.MaxSourceNesting)
            {
                throw new SourceMistake($"SyntaxError: more than {limits.MaxSourceNesting} brackets are open at once", line, 0);
            }
        }
    }
}
