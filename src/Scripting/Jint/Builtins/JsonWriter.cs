using System.Globalization;
using System.Text;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>
/// A buffer that JSON is written to, kept by the realm and used again. A surrogate without its other half cannot be stored or sent: it is escaped
/// in texts that scripts see, as JSON.stringify does, and becomes U+FFFD in bytes that leave the engine, as in browsers.
/// </summary>
internal sealed class JsonWriter(Realm realm)
{
    private char[] _buffer = new char[96];
    private int _length;

    public int Length => _length;

    /// <summary>Bytes leave the engine: surrogates without their other half are replaced instead of escaped.</summary>
    public bool ForBytes { get; set; }

    public void Clear() => _length = 0;

    /// <summary>Takes back what was written after a place.</summary>
    public void Truncate(int length) => _length = length;

    public override string ToString() => new(_buffer, 0, _length);

    public byte[] ToUtf8() => Encoding.UTF8.GetBytes(_buffer, 0, _length);

    public void Raw(char c)
    {
        Reserve(1);
        _buffer[_length++] = c;
    }

    public void Raw(ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }

    /// <summary>A number; what is not finite is null.</summary>
    public void Number(double number)
    {
        if (Math.Abs(number) < 1e15 && (long)number == number)
        {
            Reserve(20);
            ((long)number).TryFormat(_buffer.AsSpan(_length), out var written, default, CultureInfo.InvariantCulture);
            _length += written;
        }
        else
        {
            Raw(double.IsFinite(number) ? Numbers.Text(number) : "null");
        }
    }

    /// <summary>A text with its quotes.</summary>
    public void Quoted(string text)
    {
        if (text.Length > 256)
        {
            realm.Work(text.Length >> 1);
        }

        Reserve(text.Length + 2);
        _buffer[_length++] = '"';
        var plain = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c >= ' ' && c != '"' && c != '\\' && !char.IsSurrogate(c))
            {
                continue;
            }

            Raw(text.AsSpan(plain, i - plain));
            i += Special(text, i);
            plain = i + 1;
        }

        Raw(text.AsSpan(plain));
        Raw('"');
    }

    /// <summary>Writes a character that needs care; tells how many more it took.</summary>
    private int Special(string text, int at)
    {
        var c = text[at];
        if (char.IsHighSurrogate(c) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            Raw(text.AsSpan(at, 2));
            return 1;
        }

        if (ForBytes && char.IsSurrogate(c))
        {
            Raw('\ufffd');
            return 0;
        }

        switch (c)
        {
            case '"':
                Raw("\\\"");
                break;
            case '\\':
                Raw("\\\\");
                break;
            case '\b':
                Raw("\\b");
                break;
            case '\f':
                Raw("\\f");
                break;
            case '\n':
                Raw("\\n");
                break;
            case '\r':
                Raw("\\r");
                break;
            case '\t':
                Raw("\\t");
                break;
            default:
                Raw("\\u");
                Raw(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                break;
        }

        return 0;
    }

    private void Reserve(int count)
    {
        if (_length + count <= _buffer.Length)
        {
            return;
        }

        realm.RequireTextLength((long)_length + count);
        Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
    }
}
