using System.Globalization;
using System.Text.Json;

namespace Mjolnir.Core.Routing;

/// <summary>Where in a call a value stands. Ordered: the user first, then arguments, then input fields.</summary>
/// <param name="Kind">user, argument or input</param>
/// <param name="Index">of an argument, from 0</param>
/// <param name="Name">of an input field</param>
public readonly record struct CallSource(CallSourceKind Kind, int Index, string? Name) : IComparable<CallSource>
{
    /// <inheritdoc/>
    public int CompareTo(CallSource other) => (Kind, Index, Name).CompareTo((other.Kind, other.Index, other.Name));
}

/// <summary>Parts of a call.</summary>
public enum CallSourceKind
{
    /// <summary>The signed-in user's name.</summary>
    User,

    /// <summary>An argument that is a string or a number.</summary>
    Argument,

    /// <summary>The <c>value</c> of an input field.</summary>
    Input,
}

/// <summary>The parts of a call that may name a row.</summary>
/// <param name="User">the signed-in user, or null</param>
/// <param name="Args">JSON array, or empty; known to be valid</param>
/// <param name="Inputs">JSON object of fields (docs/design/pages.md), or empty; known to be valid</param>
public readonly record struct CallParts(string? User, ReadOnlyMemory<byte> Args, ReadOnlyMemory<byte> Inputs)
{
    /// <summary>The value at a place; null if the call has none there.</summary>
    public string? Value(CallSource source)
    {
        if (source.Kind == CallSourceKind.User)
        {
            return User;
        }

        foreach (var (candidate, value) in Values())
        {
            if (candidate == source)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>All values that could be primary keys, within the limits.</summary>
    public List<KeyValuePair<CallSource, string>> Values()
    {
        var values = new List<KeyValuePair<CallSource, string>>();
        if (User is not null)
        {
            values.Add(new(new CallSource(CallSourceKind.User, 0, null), User));
        }

        AddArguments(values);
        AddInputs(values);
        return values;
    }

    private void AddArguments(List<KeyValuePair<CallSource, string>> values)
    {
        if (Args.IsEmpty)
        {
            return;
        }

        var reader = new Utf8JsonReader(Args.Span);
        reader.Read();
        for (var index = 0; index < RoutingLimits.Arguments && reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (Text(ref reader) is { } text)
            {
                values.Add(new(new CallSource(CallSourceKind.Argument, index, null), text));
            }

            reader.Skip();
        }
    }

    private void AddInputs(List<KeyValuePair<CallSource, string>> values)
    {
        if (Inputs.IsEmpty)
        {
            return;
        }

        var reader = new Utf8JsonReader(Inputs.Span);
        reader.Read();
        for (var count = 0; count < RoutingLimits.Inputs && reader.Read() && reader.TokenType == JsonTokenType.PropertyName; count++)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isValue = reader.ValueTextEquals("value"u8);
                reader.Read();
                if (isValue && Text(ref reader) is { } text)
                {
                    values.Add(new(new CallSource(CallSourceKind.Input, 0, name), text));
                }

                reader.Skip();
            }
        }
    }

    private static string? Text(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String when reader.ValueSpan.Length is > 0 and <= RoutingLimits.ValueLength => reader.GetString(),
        JsonTokenType.Number when reader.TryGetInt64(out var number) => number.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };
}
