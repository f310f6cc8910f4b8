using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mjolnir.Core.Routing;

/// <summary>Walks over the values of a call that could be primary keys, within the limits: the user, then arguments, then input fields. Allocates nothing while nothing is asked for as text.</summary>
internal ref struct CallValueReader
{
    private readonly CallParts _parts;
    private Utf8JsonReader _reader;
    private Part _part;
    private int _seen;
    private ReadOnlySpan<byte> _name;
    private bool _inField;

    public CallValueReader(in CallParts parts) => _parts = parts;

    private enum Part
    {
        Start,
        Arguments,
        Inputs,
        End,
    }

    /// <summary>Where the present value stands.</summary>
    public CallSourceKind Kind { get; private set; }

    /// <summary>Of an argument, from 0.</summary>
    public int Index { get; private set; }

    /// <summary>Of an input field, UTF-8.</summary>
    public readonly ReadOnlySpan<byte> Name => _name;

    /// <summary>Goes to the next value; false at the end.</summary>
    public bool Read()
    {
        if (_part == Part.Start)
        {
            BeginArguments();
            if (_parts.User is { Length: > 0 and <= RoutingLimits.ValueLength })
            {
                Kind = CallSourceKind.User;
                return true;
            }
        }

        return (_part == Part.Arguments && ReadArgument()) || (_part == Part.Inputs && ReadInput());
    }

    /// <summary>The place of the present value.</summary>
    public readonly CallSource Source() => Kind switch
    {
        CallSourceKind.User => new CallSource(Kind, 0, null),
        CallSourceKind.Argument => new CallSource(Kind, Index, null),
        _ => new CallSource(Kind, 0, Encoding.UTF8.GetString(_name)),
    };

    /// <summary>Copies the present value as UTF-8; 0 if it cannot be a primary key.</summary>
    /// <param name="utf8">room for <see cref="RoutingLimits.ValueBytes"/></param>
    public readonly int Copy(Span<byte> utf8)
    {
        if (Kind == CallSourceKind.User)
        {
            return Encoding.UTF8.GetBytes(_parts.User, utf8);
        }

        if (_reader.TokenType == JsonTokenType.Number)
        {
            return _reader.TryGetInt64(out var number) && number.TryFormat(utf8, out var length, default, CultureInfo.InvariantCulture) ? length : 0;
        }

        return CopyText(utf8);
    }

    private readonly int CopyText(Span<byte> utf8)
    {
        if (!_reader.ValueIsEscaped)
        {
            _reader.ValueSpan.CopyTo(utf8);
            return _reader.ValueSpan.Length;
        }

        try
        {
            return _reader.CopyString(utf8);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as \uD800: a text that can be no primary key.
            return 0;
        }
    }

    private readonly bool IsValue => _reader.TokenType switch
    {
        JsonTokenType.String => _reader.ValueSpan.Length is > 0 and <= RoutingLimits.ValueLength,
        JsonTokenType.Number => true,
        _ => false,
    };

    private void BeginArguments()
    {
        _part = Part.Arguments;
        Begin(_parts.Args);
    }

    private void BeginInputs()
    {
        _part = Part.Inputs;
        Begin(_parts.Inputs);
    }

    private void Begin(ReadOnlyMemory<byte> json)
    {
        _seen = 0;
        _reader = new Utf8JsonReader(json.Span);
        if (json.IsEmpty || !_reader.Read())
        {
            _seen = int.MaxValue;
        }
    }

    private bool ReadArgument()
    {
        while (_seen < RoutingLimits.Arguments && Skipped() && _reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            Index = _seen++;
            if (IsValue)
            {
                Kind = CallSourceKind.Argument;
                return true;
            }
        }

        BeginInputs();
        return false;
    }

    private bool ReadInput()
    {
        while (ToNextMember())
        {
            var isValue = _inField && _reader.ValueTextEquals("value"u8);
            if (!_inField)
            {
                _name = _reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(_reader.GetString()!) : _reader.ValueSpan;
            }

            _reader.Read();
            if (isValue && IsValue)
            {
                Kind = CallSourceKind.Input;
                return true;
            }

            if (!_inField && _reader.TokenType == JsonTokenType.StartObject)
            {
                _inField = true;
            }
            else
            {
                _reader.Skip();
            }
        }

        _part = Part.End;
        return false;
    }

    /// <summary>To the name of the next field, or of the next member of the field it is in.</summary>
    private bool ToNextMember()
    {
        while (_seen < RoutingLimits.Inputs && _reader.Read())
        {
            if (_reader.TokenType == JsonTokenType.PropertyName)
            {
                _seen += _inField ? 0 : 1;
                return true;
            }

            if (!_inField)
            {
                return false;
            }

            _inField = false;
        }

        return false;
    }

    private bool Skipped()
    {
        if (_seen > 0)
        {
            _reader.Skip();
        }

        return true;
    }
}
