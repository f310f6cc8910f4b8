using System.Globalization;
using System.Text;

namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>A loop around groups.</summary>
/// <param name="Hidden">number of the hidden group around its body</param>
/// <param name="Least">how often it must turn</param>
internal readonly record struct PatternLoop(int Hidden, int Least);

/// <summary>What a pattern became.</summary>
/// <param name="Text">in the platform's dialect; the language's groups are numbered from 1 as there, loops' hidden groups from 1000</param>
/// <param name="Groups">number of the language's groups</param>
/// <param name="Loops">per group, from 0: hidden groups of the loops around it</param>
internal sealed record PatternTranslation(string Text, int Groups, IReadOnlyList<PatternLoop[]> Loops);

/// <summary>
/// Translates a regular expression of the language (ES5.1, 15.10) into the platform's dialect. They differ in classes (\d, \w, \s are not
/// Unicode's), in line ends (. ^ $), in references to groups that did not match (empty here), and in captures inside loops (forgotten at each turn):
/// the last is done by a hidden group around each loop's body, see <see cref="Pattern.Capture"/>.
/// </summary>
internal sealed partial class PatternTranslator
{
    private const int FirstHiddenGroup = 1000;
    private const string LineEnds = "\\n\\r\\u2028\\u2029";
    private const string Space = "\\t\\n\\v\\f\\r\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
    private const string NotSpace = "\\0-\\u0008\\u000e-\\u001f!-\\u009f\\u00a1-\\u167f\\u1681-\\u1fff\\u200b-\\u2027\\u202a-\\u202e\\u2030-\\u205e\\u2060-\\u2fff\\u3001-\\ufefe\\uff00-\\uffff";

    private readonly string _source;
    private readonly bool _multiline;
    private readonly int _groupCount;
    private readonly StringBuilder _text = new();
    private readonly Stack<Open> _open = new();
    private readonly List<List<PatternLoop>> _loops = [[]];
    private int _at;
    private int _atomStart = -1;
    private int _firstGroupOfAtom;
    private int _hidden = FirstHiddenGroup;

    private PatternTranslator(string source, bool multiline)
    {
        _source = source;
        _multiline = multiline;
        _groupCount = CountGroups(source);
    }

    private readonly record struct Open(int Start, int FirstGroup, bool Assertion);

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
                Quantifier(c.ToString(), c != '?', c == '+' ? 1 : 0);
                break;
            case '{' when TryBraces(out var quantifier, out var loops, out var least):
                Quantifier(quantifier, loops, least);
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
                break;
            default:
                Atom(Literal(c));
                break;
        }
    }

    private void Atom(string text)
    {
        _atomStart = _text.Length;
        _firstGroupOfAtom = _loops.Count;
        _text.Append(text);
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
            _open.Push(new Open(start, _loops.Count, rest[2] != ':'));
            _text.Append(rest[..3]);
            _at += 3;
        }
        else if (rest.StartsWith("(?"))
        {
            throw new ArgumentException("Invalid group");
        }
        else
        {
            _open.Push(new Open(start, _loops.Count, false));
            _text.Append(CultureInfo.InvariantCulture, $"(?<{_loops.Count}>");
            _loops.Add([]);
            _at++;
        }

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
        _atomStart = open.Start;
        _firstGroupOfAtom = open.FirstGroup;
    }

    private void Quantifier(string quantifier, bool loops, int least)
    {
        if (_atomStart < 0)
        {
            throw new ArgumentException("Nothing to repeat");
        }

        if (loops && _firstGroupOfAtom < _loops.Count)
        {
            HideLoop(least);
        }

        _text.Append(quantifier);
        if (_at < _source.Length && _source[_at] == '?')
        {
            _text.Append('?');
            _at++;
        }

        _atomStart = -1;
    }

    /// <summary>Puts a hidden group around the atom that is repeated, and lets the groups in it know.</summary>
    private void HideLoop(int least)
    {
        var hidden = _hidden++;
        _text.Insert(_atomStart, string.Create(CultureInfo.InvariantCulture, $"(?<{hidden}>"));
        _text.Append(')');
        for (var group = _firstGroupOfAtom; group < _loops.Count; group++)
        {
            _loops[group].Add(new PatternLoop(hidden, least));
        }
    }

    private bool TryBraces(out string quantifier, out bool loops, out int least)
    {
        (quantifier, loops, least) = ("", false, 0);
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

        var low = int.Parse(bounds[0], CultureInfo.InvariantCulture);
        var high = bounds.Length == 1 ? low : bounds[1].Length == 0 ? int.MaxValue : int.Parse(bounds[1], CultureInfo.InvariantCulture);
        if (high < low)
        {
            throw new ArgumentException("numbers out of order in {} quantifier");
        }

        _at = end + 1;
        quantifier = bounds.Length == 1 ? $"{{{low}}}" : high == int.MaxValue ? $"{{{low},}}" : $"{{{low},{high}}}";
        loops = high > 1;
        least = low;
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
