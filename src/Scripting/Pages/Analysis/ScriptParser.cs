using Jint.Parser;
using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>Why a script could not be parsed.</summary>
internal readonly record struct ParseFailure(int Offset, string Message);

/// <summary>Parses ES5 without danger: what is nested too deep is refused before the parser sees it.</summary>
internal static class ScriptParser
{
    private static readonly ParserOptions Options = new() { Tokens = false, Comment = false, Tolerant = false };

    /// <summary>The syntax tree, or null and the reason.</summary>
    public static Program? Parse(string text, ScriptScan scan, out ParseFailure failure)
    {
        failure = default;
        if (scan.TooDeepAt is { } place)
        {
            failure = new ParseFailure(place, $"the code is nested more than {ApplicationLimits.MaxScriptNesting} deep");
            return null;
        }

        try
        {
            return new JavaScriptParser().Parse(text, Options);
        }
        catch (ParserException e)
        {
            failure = scan.OpenString is { } open && open <= e.Index
                ? new ParseFailure(open, "this string is not closed")
                : new ParseFailure(Math.Clamp(e.Index, 0, text.Length), Words(e.Description, scan));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The parser hands on what its libraries throw at odd sources (a regular expression, a number): to the author all of it means the same.
            failure = new ParseFailure(0, $"this is no script: {e.Message.ReplaceLineEndings(" ")}");
        }

        return null;
    }

    private static string Words(string? description, ScriptScan scan)
    {
        var words = description switch
        {
            null or "" => "this is no script",
            "Unexpected end of input" => "the code ends too early",
            _ => description.Replace("ILLEGAL", "", StringComparison.Ordinal).Trim().TrimEnd('.'),
        };
        words = char.ToLowerInvariant(words[0]) + words[1..];
        return scan.IsBalanced ? words : words + " (a bracket is missing or one too many)";
    }
}
