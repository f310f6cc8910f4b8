using System.Globalization;
using System.Text;

namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>What a pattern became.</summary>
/// <param name="Text">in the platform's dialect; the language's groups are numbered from 1 as there, loops' hidden groups from 1000</param>
/// <param name="Groups">number of the language's groups</param>
/// <param name="Loops">per group, from 0: hidden groups of the loops around it</param>
internal sealed record PatternTranslation(string Text, int Groups, IReadOnlyList<int[]> Loops);

/// <summary>
/// Translates a regular expression of the language (ES5.1, 15.10) into the platform's dialect. They differ in classes (\d, \w, \s are not
/// Unicode's), in line ends (. ^ $), in references to groups that did not match (empty here), and in captures inside loops (forgotten at each turn):
/// the last is done by a hidden group around each loop's body, see <see cref="Pattern.Capture"/>. And a loop whose body can match nothing goes on to other ways of
/// matching here, where the platform leaves it: such a body is made to fail on nothing, once the loop has turned as often as it must.
/// </summary>
internal sealed partial class PatternTranslator
{
    private const int FirstHiddenGroup = 1000;

    /// <summary>Characters of a translation: loops over what can be nothing are written twice.</summary>
    private const int MaxTranslation = 100_000;

    private const string LineEnds = "\\n\\r\\u2028\\u2029";
    private const string Space = "\\t\\n\\v\\f\\r\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
    private const string NotSpace = "\\0-\\u0008\\u000e-\\u001f!-\\u009f\\u00a1-\\u167f\\u1681-\\u1fff\\u200b-\\u2027\\u202a-\\u202e\\u2030-\\u205e\\u2060-\\u2fff\\u3001-\\ufefe\\uff00-\\uffff";

    private readonly string _source;
    private readonly bool _multiline;
    private readonly int _groupCount;
    private readonly StringBuilder _text = new();
    private readonly Stack<Open> _open = new();
    private readonly List<List<int>> _loops = [[]];
    private int _at;
    private int _atomStart = -1;
    private int _firstGroupOfAtom;
    private int _hidden = FirstHiddenGroup;

    /// <summary>Can the sequence so far match nothing; could one of the alternatives before it; could what was last added?</summary>
    private bool _empty = true;
    private bool _anyEmpty;
    private bool _atomEmpty;
    private bool _emptyBeforeAtom;

    private PatternTranslator(string source, bool multiline)
    {
        _source = source;
        _multiline = multiline;
        _groupCount = CountGroups(source);
    }

    /// <summary>A group that is not closed yet; the flags are those of the sequence around it.</summary>
    private readonly record struct Open(int Start, int FirstGroup, bool Assertion, bool OuterEmpty, bool OuterAnyEmpty);

    public static PatternTranslation Translate(string source, bool multiline)
    {
        var translator = new PatternTranslator(source, multiline);
        translator.Run();
        return new PatternTranslation(translator._text.ToString(), translator._loops.Count - 1, [.. translator._loops.Select(l => l.ToArray())]);
    }

    private void Run()
    {
        while (_at < _source.Length)
        {
            Next(_source[_at]);
        }

        if (_open.Count > 0)
        {
            throw new ArgumentException("Unterminated group");
        }
    }

    private void Next(char c)
    {
        switch (c)
        {
            case '(':
                OpenGroup();
                break;
            case ')':
                CloseGroup();
                break;
            case '[':
                Atom(Class());
                break;
            case '\\':
                Escape();
                break;
            case '*' or '+' or '?':
                _at++;
                Quantifier(c == '+' ? 1 : 0, c == '?' ? 1 : -1);
                break;
            case '{' when TryBraces(out var least, out var most):
                Quantifier(least, most);
                break;
            default:
                _at++;
                Plain(c);
                break;
        }
    }

    private void Plain(char c)
    {
        switch (c)
        {
            case '.':
                Atom($"[^{LineEnds}]");
                break;
            case '^':
                Assertion(_multiline ? $"(?<![^{LineEnds}])" : "\\A");
                break;
            case '$':
                Assertion(_multiline ? $"(?![^{LineEnds}])" : "\\z");
                break;
            case '|':
                Assertion("|");
                _anyEmpty |= _empty;
                _empty = true;
                break;
            default:
                Atom(Literal(c));
                break;
        }
    }

    private void Atom(string text, bool empty = false)
    {
        Added(empty);
        _atomStart = _text.Length;
        _firstGroupOfAtom = _loops.Count;
        _text.Append(text);
    }

    private void Added(bool empty)
    {
        _emptyBeforeAtom = _empty;
        _atomEmpty = empty;
        _empty &= empty;
    }

    private void Assertion(string text)
    {
        _atomStart = -1;
        _text.Append(text);
    }

    private void OpenGroup()
    {
        var rest = _source.AsSpan(_at);
        var start = _text.Length;
        if (rest.StartsWith("(?:") || rest.StartsWith("(?=") || rest.StartsWith("(?!"))
        {
            _open.Push(new Open(start, _loops.Count, rest[2] != ':', _empty, _anyEmpty));
            _text.Append(rest[..3]);
            _at += 3;
        }
        else if (rest.StartsWith("(?"))
        {
            throw new ArgumentException("Invalid group");
        }
        else
        {
            _open.Push(new Open(start, _loops.Count, false, _empty, _anyEmpty));
            _text.Append(CultureInfo.InvariantCulture, $"(?<{_loops.Count}>");
            _loops.Add([]);
            _at++;
        }

        (_empty, _anyEmpty) = (true, false);
        _atomStart = -1;
    }

    private void CloseGroup()
    {
        if (!_open.TryPop(out var open))
        {
            throw new ArgumentException("Unmatched ')'");
        }

        _at++;
        _text.Append(')');
        var empty = open.Assertion || _empty || _anyEmpty;
        (_empty, _anyEmpty) = (open.OuterEmpty, open.OuterAnyEmpty);
        Added(empty);
        _atomStart = open.Start;
        _firstGroupOfAtom = open.FirstGroup;
    }

    /// <param name="least">how often it must match</param>
    /// <param name="most">how often it may match; -1 without limit</param>
    private void Quantifier(int least, int most)
    {
        if (_atomStart < 0)
        {
            throw new ArgumentException("Nothing to repeat");
        }

        var lazy = _at < _source.Length && _source[_at] == '?' ? "?" : "";
        _at += lazy.Length;
        var body = _text.ToString(_atomStart, _text.Length - _atomStart);
        _text.Length = _atomStart;
        if (_firstGroupOfAtom < _loops.Count && most is not (0 or 1))
        {
            body = HideLoop(body);
        }

        Repeat(body, least, most, lazy);
        if (_text.Length > MaxTranslation)
        {
            throw new ArgumentException("too complex");
        }

        _empty = _emptyBeforeAtom && (_atomEmpty || least == 0);
        _atomStart = -1;
    }

    private void Repeat(string body, int least, int most, string lazy)
    {
        if (!_atomEmpty || most == least)
        {
            _text.Append(body).Append(Bounds(least, most)).Append(lazy);
            return;
        }

        if (least > 0)
        {
            _text.Append(body).Append(Bounds(least, least));
        }

        // The rest of the text is remembered before a turn; a turn after which it is still the rest has matched nothing.
        var rest = _hidden++;
        _text.Append(CultureInfo.InvariantCulture, $"(?:(?=(?<{rest}>[\\0-\\uffff]*)){body}(?!\\k<{rest}>\\z))").Append(Bounds(0, most < 0 ? -1 : most - least)).Append(lazy);
    }

    private static string Bounds(int least, int most) => string.Create(CultureInfo.InvariantCulture, $"{{{least},{(most < 0 ? "" : most)}}}");

    /// <summary>Puts a hidden group around the body of a loop, and lets the groups in it know.</summary>
    private string HideLoop(string body)
    {
        var hidden = _hidden++;
        for (var group = _firstGroupOfAtom; group < _loops.Count; group++)
        {
            _loops[group].Add(hidden);
        }

        return string.Create(CultureInfo.InvariantCulture, $"(?<{hidden}>{body})");
    }

    private bool TryBraces(out int least, out int most)
    {
        (least, most) = (0, -1);
        var end = _source.IndexOf('}', _at);
        if (end < 0)
        {
            return false;
        }

        var bounds = _source[(_at + 1)..end].Split(',');
        if (bounds.Length > 2 || bounds[0].Length is 0 or > 9 || !bounds.All(b => b.All(char.IsAsciiDigit)) || (bounds.Length == 2 && bounds[1].Length > 9))
        {
            return false;
        }

        least = int.Parse(bounds[0], CultureInfo.InvariantCulture);
        most = bounds.Length == 1 ? least : bounds[1].Length == 0 ? -1 : int.Parse(bounds[1], CultureInfo.InvariantCulture);
        if (most >= 0 && most < least)
        {
            throw new ArgumentException("numbers out of order in {} quantifier");
        }

        _at = end + 1;
        return true;
    }

    private static int CountGroups(string source)
    {
        var count = 0;
        var inClass = false;
        for (var i = 0; i < source.Length; i++)
        {
            switch (source[i])
            {
                case '\\':
                    i++;
                    break;
                case '[':
                    inClass = true;
                    break;
                case ']':
                    inClass = false;
                    break;
                case '(' when !inClass && (i + 1 >= source.Length || source[i + 1] != '?'):
                    count++;
                    break;
            }
        }

        return count;
    }
}
