namespace Mjolnir.Scripting.Pages.Analysis;

internal enum ScriptTokenKind
{
    End,
    Word,
    Number,
    Text,
    Template,
    Regex,
    Mark,
}

internal readonly record struct ScriptToken(ScriptTokenKind Kind, int Start, int End);

/// <summary>
/// Cuts JavaScript of any age into tokens, coarsely: enough to tell brackets and words from strings, comments and regular expressions.
/// Nothing is wrong to it; what does not end, ends with the text.
/// </summary>
internal sealed class ScriptTokens(string text)
{
    private int _at;

    // Template strings hold code in ${ }: how many braces were open where each began.
    private readonly Stack<int> _templates = new();
    private int _braces;

    public string Text => text;

    /// <summary>Where the first string begins that its line does not end; null if there is none.</summary>
    public int? OpenString { get; private set; }

    public ReadOnlySpan<char> Slice(ScriptToken token) => text.AsSpan(token.Start, token.End - token.Start);

    /// <summary>The character that the next token begins with.</summary>
    public char PeekChar()
    {
        var at = SkipSpace(_at);
        return at < text.Length ? text[at] : '\0';
    }

    /// <summary>The property that is taken of the word just read; empty if none is.</summary>
    public string PeekProperty()
    {
        var dot = SkipSpace(_at);
        if (dot >= text.Length || text[dot] != '.')
        {
            return "";
        }

        var start = SkipSpace(dot + 1);
        var end = start;
        while (end < text.Length && IsWordPart(text[end]))
        {
            end++;
        }

        return text[start..end];
    }

    /// <param name="previous">the token before: it tells a regular expression from a division</param>
    /// <param name="closedHead">the parenthesis just closed belongs to an if, for, while or with, so a statement begins here</param>
    public ScriptToken Next(ScriptToken previous, bool closedHead)
    {
        var start = _at = SkipSpace(_at);
        if (start >= text.Length)
        {
            return new ScriptToken(ScriptTokenKind.End, start, start);
        }

        var c = text[start];
        var kind = c switch
        {
            '"' or '\'' => ReadString(c),
            '`' => ReadTemplate(),
            '/' when closedHead || BeginsRegex(previous) => ReadRegex(),
            _ when char.IsAsciiDigit(c) => ReadWord(ScriptTokenKind.Number),
            _ when IsWordPart(c) => ReadWord(ScriptTokenKind.Word),
            _ => ReadMark(c),
        };
        return new ScriptToken(kind, start, _at);
    }

    private static bool IsWordPart(char c) => char.IsLetterOrDigit(c) || c is '_' or '$' or '\\' || c > 127;

    private int SkipSpace(int at)
    {
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]) || text[at] == '\uFEFF')
            {
                at++;
            }
            else if (Begins(at, "//") || Begins(at, "<!--"))
            {
                var end = text.AsSpan(at).IndexOfAny('\n', '\r');
                at = end < 0 ? text.Length : at + end;
            }
            else if (Begins(at, "/*"))
            {
                var end = text.IndexOf("*/", at + 2, StringComparison.Ordinal);
                at = end < 0 ? text.Length : end + 2;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    private bool Begins(int at, string mark) => string.CompareOrdinal(text, at, mark, 0, mark.Length) == 0;

    private ScriptTokenKind ReadString(char quote)
    {
        var start = _at;
        for (_at++; _at < text.Length && text[_at] != quote && text[_at] is not ('\n' or '\r'); _at++)
        {
            _at += text[_at] == '\\' ? 1 : 0;
        }

        if (_at >= text.Length || text[_at] != quote)
        {
            OpenString ??= start;
        }

        _at = Math.Min(_at + 1, text.Length);
        return ScriptTokenKind.Text;
    }

    // From a backquote, or from the brace that ends an expression, up to the next expression or the closing backquote.
    private ScriptTokenKind ReadTemplate()
    {
        for (_at++; _at < text.Length; _at++)
        {
            if (text[_at] == '\\')
            {
                _at++;
            }
            else if (text[_at] == '`')
            {
                _at++;
                return ScriptTokenKind.Template;
            }
            else if (Begins(_at, "${"))
            {
                _at += 2;
                _templates.Push(_braces);
                return ScriptTokenKind.Template;
            }
        }

        _at = Math.Min(_at, text.Length);
        return ScriptTokenKind.Template;
    }

    private bool BeginsRegex(ScriptToken previous) => previous.Kind switch
    {
        ScriptTokenKind.End => true,
        ScriptTokenKind.Mark => Slice(previous) is not (")" or "]" or "}"),
        ScriptTokenKind.Word => Slice(previous) is "return" or "typeof" or "case" or "in" or "of" or "delete" or "void" or "throw" or "new" or "else" or "do",
        _ => false,
    };

    private ScriptTokenKind ReadRegex()
    {
        var inClass = false;
        for (_at++; _at < text.Length && text[_at] is not ('\n' or '\r') && (inClass || text[_at] != '/'); _at++)
        {
            inClass = text[_at] switch
            {
                '[' => true,
                ']' => false,
                _ => inClass,
            };
            _at += text[_at] == '\\' ? 1 : 0;
        }

        _at = Math.Min(_at + 1, text.Length);
        return ScriptTokenKind.Regex;
    }

    private ScriptTokenKind ReadWord(ScriptTokenKind kind)
    {
        while (_at < text.Length && (IsWordPart(text[_at]) || (kind == ScriptTokenKind.Number && text[_at] == '.')))
        {
            _at++;
        }

        return kind;
    }

    private ScriptTokenKind ReadMark(char c)
    {
        if (c == '}' && _templates.TryPeek(out var braces) && braces == _braces)
        {
            _templates.Pop();
            return ReadTemplate();
        }

        _braces += c switch
        {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        _at += Begins(_at, "...") ? 3 : IsPair() ? 2 : 1;
        return ScriptTokenKind.Mark;
    }

    private bool IsPair() =>
        Begins(_at, "=>") || Begins(_at, "??") || Begins(_at, "**") || Begins(_at, "++") || Begins(_at, "--")
        || (Begins(_at, "?.") && !(_at + 2 < text.Length && char.IsAsciiDigit(text[_at + 2])));
}
