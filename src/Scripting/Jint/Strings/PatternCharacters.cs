using System.Globalization;
using System.Text;

namespace Mjolnir.Scripting.Jint.Strings;

/// <content>Escapes, classes and single characters.</content>
internal sealed partial class PatternTranslator
{
    private void Escape()
    {
        if (_at + 1 >= _source.Length)
        {
            throw new ArgumentException("\\ at end of pattern");
        }

        var c = _source[_at + 1];
        if (c is >= '1' and <= '9' && TryReference(out var reference))
        {
            Atom(reference, empty: true);
        }
        else if (c is 'b' or 'B')
        {
            _at += 2;
            const string word = "[a-zA-Z0-9_]";
            Assertion(c == 'b' ? $"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))" : $"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))");
        }
        else
        {
            Atom(ClassEscape(c) ?? Literal(CharacterEscape()));
        }
    }

    /// <summary>A reference to a group that did not match is empty: hence the condition.</summary>
    private bool TryReference(out string reference)
    {
        var end = _at + 1;
        while (end < _source.Length && char.IsAsciiDigit(_source[end]) && end - _at <= 4)
        {
            end++;
        }

        var number = int.Parse(_source.AsSpan(_at + 1, end - _at - 1), CultureInfo.InvariantCulture);
        reference = "";
        if (number > _groupCount)
        {
            return false;
        }

        // A reference ahead of its group, or from within it, has nothing to refer to yet.
        var known = number < _loops.Count && !_open.Any(o => !o.Assertion && o.FirstGroup == number);
        reference = known ? string.Create(CultureInfo.InvariantCulture, $"(?({number})\\k<{number}>)") : "(?:)";
        _at = end;
        return true;
    }

    /// <summary>\d \D \w \W \s \S as a class of its own; null for other escapes.</summary>
    private string? ClassEscape(char c)
    {
        var members = ClassMembers(c);
        if (members is null)
        {
            return null;
        }

        _at += 2;
        return $"[{members}]";
    }

    private static string? ClassMembers(char c) => c switch
    {
        'd' => "0-9",
        'D' => "\\0-/:-\\uffff",
        'w' => "a-zA-Z0-9_",
        'W' => "\\0-/:-@\\[-\\^`{-\\uffff",
        's' => Space,
        'S' => NotSpace,
        _ => null,
    };

    /// <summary>Reads an escape of one character (the place is at its backslash).</summary>
    private char CharacterEscape()
    {
        var c = _source[_at + 1];
        _at += 2;
        switch (c)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'v':
                return '\v';
            case 'f':
                return '\f';
            case 'r':
                return '\r';
            case 'c' when _at < _source.Length && char.IsAsciiLetter(_source[_at]):
                return (char)(_source[_at++] & 31);
            case 'c':
                _at--;
                return '\\';
            case 'x':
                return Hex(2) ?? 'x';
            case 'u':
                return Hex(4) ?? 'u';
            case >= '0' and <= '7':
                return Octal(c);
            default:
                return c;
        }
    }

    private char? Hex(int count)
    {
        if (_at + count > _source.Length || !ushort.TryParse(_source.AsSpan(_at, count), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            return null;
        }

        _at += count;
        return (char)code;
    }

    private char Octal(char first)
    {
        var value = first - '0';
        while (_at < _source.Length && _source[_at] is >= '0' and <= '7' && (value * 8) + (_source[_at] - '0') <= 255)
        {
            value = (value * 8) + (_source[_at++] - '0');
        }

        return (char)value;
    }

    private string Class()
    {
        _at++;
        var negated = _at < _source.Length && _source[_at] == '^';
        _at += negated ? 1 : 0;
        var members = new StringBuilder();
        while (_at < _source.Length && _source[_at] != ']')
        {
            ClassMember(members);
        }

        if (_at >= _source.Length)
        {
            throw new ArgumentException("Unterminated character class");
        }

        _at++;
        if (members.Length == 0)
        {
            return negated ? "[\\0-\\uffff]" : "(?!)";
        }

        return negated ? $"[^{members}]" : $"[{members}]";
    }

    private void ClassMember(StringBuilder members)
    {
        var low = ClassCharacter(out var set);
        members.Append(set);
        if (_at + 1 >= _source.Length || _source[_at] != '-' || _source[_at + 1] == ']')
        {
            members.Append(low is { } single ? Literal(single) : "");
            return;
        }

        _at++;
        var high = ClassCharacter(out var secondSet);
        if (low is { } from && high is { } to)
        {
            if (to < from)
            {
                throw new ArgumentException("Range out of order in character class");
            }

            members.Append(Literal(from)).Append('-').Append(Literal(to));
            return;
        }

        members.Append(low is { } l ? Literal(l) : "").Append("\\-").Append(high is { } h ? Literal(h) : "").Append(secondSet);
    }

    private char? ClassCharacter(out string? set)
    {
        set = null;
        if (_source[_at] != '\\')
        {
            return _source[_at++];
        }

        if (_at + 1 >= _source.Length)
        {
            throw new ArgumentException("\\ at end of pattern");
        }

        var c = _source[_at + 1];
        set = ClassMembers(c);
        if (set is not null)
        {
            _at += 2;
            return null;
        }

        if (c == 'b')
        {
            _at += 2;
            return '\b';
        }

        return CharacterEscape();
    }

    /// <summary>
    /// One character, safe in and out of classes. The platform folds the Kelvin sign and the dotted and dotless i onto ASCII letters; the language never
    /// does, but only texts that hold those three could show it, and they match too much rather than too little.
    /// </summary>
    private static string Literal(char c) =>
        char.IsAsciiLetterOrDigit(c) ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
}
