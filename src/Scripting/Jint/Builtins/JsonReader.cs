using System.Globalization;
using System.Text;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>A text that is not JSON.</summary>
internal sealed class JsonMistake(string message) : Exception(message);

/// <summary>Reads JSON into values. Unlike the platform's reader it takes surrogates as they come, as the language does. Depth is bounded.</summary>
internal ref struct JsonReader(Realm realm, ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> _text = text;
    private int _at;
    private int _depth;

    /// <summary>Reads one value that is the whole text.</summary>
    /// <exception cref="JsonMistake">it is not JSON, or too deep</exception>
    public static JsValue Read(Realm realm, ReadOnlySpan<char> text)
    {
        realm.Work(text.Length >> 1);
        var reader = new JsonReader(realm, text);
        var value = reader.Value();
        reader.SkipSpace();
        return reader._at == text.Length ? value : throw reader.Unexpected();
    }

    /// <summary>Reads UTF-8 that is known to be JSON: what the HTTP layer or this engine wrote.</summary>
    public static JsValue ReadUtf8(Realm realm, ReadOnlySpan<byte> utf8) => Read(realm, Encoding.UTF8.GetString(utf8));

    private readonly JsonMistake Unexpected() => _at >= _text.Length
        ? new JsonMistake("Unexpected end of JSON input")
        : new JsonMistake($"Unexpected token {_text[_at]} in JSON at position {_at}");

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }

    private JsValue Value()
    {
        SkipSpace();
        if (_at >= _text.Length)
        {
            throw Unexpected();
        }

        switch (_text[_at])
        {
            case '{':
                return Nested(isObject: true);
            case '[':
                return Nested(isObject: false);
            case '"':
                return Text();
            case 't':
                return Word("true", true);
            case 'f':
                return Word("false", false);
            case 'n':
                return Word("null", JsValue.Null);
            default:
                return Number();
        }
    }

    private JsValue Nested(bool isObject)
    {
        if (++_depth > realm.Limits.MaxJsonDepth)
        {
            throw new JsonMistake($"JSON nested deeper than {realm.Limits.MaxJsonDepth}");
        }

        realm.Tick();
        var value = isObject ? Object() : Array();
        _depth--;
        return value;
    }

    private JsValue Object()
    {
        var o = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        _at++;
        if (TryTake('}'))
        {
            return o;
        }

        do
        {
            SkipSpace();
            if (_at >= _text.Length || _text[_at] != '"')
            {
                throw Unexpected();
            }

            var key = Text();
            Take(':');
            o.Set(key, Value());
        }
        while (TryTake(','));
        Take('}');
        return o;
    }

    private JsValue Array()
    {
        var array = new JsArray(realm, []);
        _at++;
        if (TryTake(']'))
        {
            return array;
        }

        do
        {
            array.Push(Value());
        }
        while (TryTake(','));
        Take(']');
        return array;
    }

    private bool TryTake(char c)
    {
        SkipSpace();
        var there = _at < _text.Length && _text[_at] == c;
        _at += there ? 1 : 0;
        return there;
    }

    private void Take(char c)
    {
        if (!TryTake(c))
        {
            throw Unexpected();
        }
    }

    private JsValue Word(string word, JsValue value)
    {
        if (!_text[_at..].StartsWith(word))
        {
            throw Unexpected();
        }

        _at += word.Length;
        return value;
    }

    private JsValue Number()
    {
        var start = _at;
        _at += _text[_at] == '-' ? 1 : 0;
        var whole = Digits();
        if (whole == 0 || (whole > 1 && _text[_at - whole] == '0'))
        {
            _at = Math.Min(start + (_text[start] == '-' ? 1 : 0) + (whole > 1 ? 1 : 0), _text.Length);
            throw Unexpected();
        }

        if (_at == start + whole && whole <= 15)
        {
            if (_at >= _text.Length || _text[_at] is not ('.' or 'e' or 'E'))
            {
                return long.Parse(_text[start.._at], NumberStyles.None, CultureInfo.InvariantCulture);
            }
        }

        Fraction();
        Exponent();
        return double.Parse(_text[start.._at], NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private void Fraction()
    {
        if (_at < _text.Length && _text[_at] == '.')
        {
            _at++;
            RequireDigits();
        }
    }

    private void Exponent()
    {
        if (_at < _text.Length && _text[_at] is 'e' or 'E')
        {
            _at++;
            _at += _at < _text.Length && _text[_at] is '+' or '-' ? 1 : 0;
            RequireDigits();
        }
    }

    private void RequireDigits()
    {
        if (Digits() == 0)
        {
            throw Unexpected();
        }
    }

    private int Digits()
    {
        var start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
        {
            _at++;
        }

        return _at - start;
    }

    private string Text()
    {
        var start = ++_at;
        while (_at < _text.Length && _text[_at] is not ('"' or '\\') && _text[_at] >= ' ')
        {
            _at++;
        }

        if (_at < _text.Length && _text[_at] == '"')
        {
            return _text[start.._at++].ToString();
        }

        var result = new StringBuilder().Append(_text[start.._at]);
        while (_at < _text.Length && _text[_at] >= ' ')
        {
            var c = _text[_at++];
            if (c == '"')
            {
                return result.ToString();
            }

            result.Append(c == '\\' ? Escape() : c);
        }

        throw Unexpected();
    }

    private char Escape()
    {
        if (_at >= _text.Length)
        {
            throw Unexpected();
        }

        switch (_text[_at++])
        {
            case '"':
                return '"';
            case '\\':
                return '\\';
            case '/':
                return '/';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u' when _at + 4 <= _text.Length && ushort.TryParse(_text.Slice(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                _at += 4;
                return (char)code;
            default:
                _at--;
                throw Unexpected();
        }
    }
}
