using System.Text.Json;
using System.Text.Unicode;
using Mjolnir.Core.Telemetry;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>
/// Reads calls in one pass over the bytes: values are checked and skipped, not copied; names of handlers and pages are looked up as they are met, so that no text is made of them.
/// </summary>
internal ref struct CallReader
{
    private readonly ReadOnlyMemory<byte> _json;
    private readonly ServedApplication _application;
    private Utf8JsonReader _reader;

    private CallReader(ReadOnlyMemory<byte> json, ServedApplication application)
    {
        _json = json;
        _application = application;
        _reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = AppServerLimits.JsonDepth });
    }

    /// <summary>Reads a POST's body. Null if it is well formed, else what is wrong.</summary>
    public static string? Read(ReadOnlyMemory<byte> json, ServedApplication application, out CallMessage message)
    {
        message = default;
        if (json.IsEmpty)
        {
            return null;
        }

        var fault = Guarded(json, application, out var messages, single: true);
        message = messages.Count > 0 ? messages[0] : default;
        return fault ?? message.Fault;
    }

    /// <summary>Reads a WebSocket frame: a message, or an array of them. Null if it is that, else what is wrong; a message with a wrong member says so itself (<see cref="CallMessage.Fault"/>).</summary>
    public static string? ReadFrame(ReadOnlyMemory<byte> json, ServedApplication application, out List<CallMessage> messages)
        => Guarded(json, application, out messages, single: false);

    private static string? Guarded(ReadOnlyMemory<byte> json, ServedApplication application, out List<CallMessage> messages, bool single)
    {
        messages = new List<CallMessage>(1);
        if (!Utf8.IsValid(json.Span))
        {
            return "The message is not valid UTF-8.";
        }

        try
        {
            return new CallReader(json, application).All(messages, single);
        }
        catch (JsonException e)
        {
            return $"The message is not valid JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}, or nested deeper than {AppServerLimits.JsonDepth}.";
        }
        catch (InvalidOperationException)
        {
            // What the reader throws for a lone half of a surrogate pair written as \uD800.
            return "The message has a text that is not valid Unicode.";
        }
    }

    private string? All(List<CallMessage> messages, bool single)
    {
        _reader.Read();
        string? fault = null;
        if (_reader.TokenType == JsonTokenType.StartArray && !single)
        {
            while (fault is null && _reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            {
                fault = messages.Count == AppServerLimits.LiveMessagesPerFrame ? $"A frame has at most {AppServerLimits.LiveMessagesPerFrame} messages." : One(messages);
            }
        }
        else
        {
            fault = One(messages);
        }

        // One more read finds anything that follows the value.
        return fault ?? (_reader.Read() ? "Something follows the message." : null);
    }

    private string? One(List<CallMessage> messages)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return "A message is a JSON object.";
        }

        var message = default(CallMessage);
        var depth = _reader.CurrentDepth + 1;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Member(ref message) is { } fault)
            {
                message.Fault ??= fault;
                ToMembersEnd(depth);
            }
        }

        messages.Add(message);
        return null;
    }

    /// <summary>Passes over the rest of a member that is not as it should be: the others tell whom to answer.</summary>
    private void ToMembersEnd(int depth)
    {
        if (_reader.CurrentDepth == depth)
        {
            _reader.Skip();
        }

        while (_reader.CurrentDepth > depth && _reader.Read())
        {
        }
    }

    private string? Member(ref CallMessage message)
    {
        if (_reader.ValueTextEquals("args"u8))
        {
            return Value(JsonTokenType.StartArray, "args must be an array.", out message.Args);
        }

        if (_reader.ValueTextEquals("id"u8))
        {
            return Id(ref message);
        }

        if (_reader.ValueTextEquals("inputs"u8))
        {
            return Members("inputs", AppServerLimits.Inputs, out message.Inputs);
        }

        if (_reader.ValueTextEquals("globals"u8))
        {
            return Members("globals", AppServerLimits.Globals, out message.Globals);
        }

        if (_reader.ValueTextEquals("event"u8))
        {
            return Value(JsonTokenType.StartObject, "event must be an object.", out message.Event);
        }

        return RareMember(ref message);
    }

    private string? RareMember(ref CallMessage message)
    {
        if (_reader.ValueTextEquals("page"u8))
        {
            return PageNamed(ref message);
        }

        if (_reader.ValueTextEquals("partial"u8))
        {
            _reader.Read();
            message.Partial = _reader.TokenType == JsonTokenType.True;
            return _reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null ? null : "partial must be true or false.";
        }

        if (_reader.ValueTextEquals("handler"u8))
        {
            return HandlerNamed(ref message);
        }

        if (_reader.ValueTextEquals("n"u8))
        {
            return Number(ref message);
        }

        if (_reader.ValueTextEquals("type"u8))
        {
            return Type(ref message);
        }

        if (Tracing.IsOn && _reader.ValueTextEquals("traceparent"u8))
        {
            return TraceParent(ref message);
        }

        // Later clients may say more; what is not known is not an error.
        _reader.Read();
        _reader.Skip();
        return null;
    }

    /// <summary>What is no span of anybody's begins a trace, as in a header: it is no reason to refuse a call.</summary>
    private string? TraceParent(ref CallMessage message)
    {
        _reader.Read();
        Span<char> text = stackalloc char[AppServerLimits.TraceParentCharacters];
        if (TryText(text, out var length))
        {
            message.TraceParent = text[..length].ToString();
        }
        else
        {
            _reader.Skip();
        }

        return null;
    }

    private string? Value(JsonTokenType wanted, string fault, out ReadOnlyMemory<byte> slice)
    {
        _reader.Read();
        slice = default;
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (_reader.TokenType != wanted)
        {
            return fault;
        }

        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        slice = _json[start..(int)_reader.BytesConsumed];
        return null;
    }

    private string? Members(string name, int limit, out ReadOnlyMemory<byte> slice)
    {
        _reader.Read();
        slice = default;
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return $"{name} must be an object.";
        }

        var start = (int)_reader.TokenStartIndex;
        var count = 0;
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            if (++count > limit)
            {
                return $"{name} has more than {limit} members.";
            }

            _reader.Read();
            _reader.Skip();
        }

        slice = _json[start..(int)_reader.BytesConsumed];
        return null;
    }

    private string? Id(ref CallMessage message)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (_reader.TokenType != JsonTokenType.String)
        {
            return "id must be a string.";
        }

        message.IdJson = _json[(int)_reader.TokenStartIndex..(int)_reader.BytesConsumed];
        var id = _reader.GetString()!;
        message.Id = id.Length == 0 ? null : id;
        return id.Length > AppServerLimits.IdCharacters ? $"id has more than {AppServerLimits.IdCharacters} characters." : null;
    }

    private string? Number(ref CallMessage message)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.Number || _reader.ValueSpan.Length > AppServerLimits.NumberBytes)
        {
            return $"n must be a number of at most {AppServerLimits.NumberBytes} bytes.";
        }

        message.NumberJson = _json[(int)_reader.TokenStartIndex..(int)_reader.BytesConsumed];
        return null;
    }

    private string? Type(ref CallMessage message)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.String)
        {
            return "type must be a string.";
        }

        message.Type = _reader.ValueTextEquals("tx"u8) ? MessageType.Transaction : _reader.ValueTextEquals("page"u8) ? MessageType.Page : MessageType.Other;
        return null;
    }

    private string? PageNamed(ref CallMessage message)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        Span<char> name = stackalloc char[AppServerLimits.PathCharacters];
        if (!TryText(name, out var length))
        {
            return "page must be a path.";
        }

        message.Page = _application.Page(name[..length]);
        message.UnknownPage = message.Page is null;
        return null;
    }

    private string? HandlerNamed(ref CallMessage message)
    {
        _reader.Read();
        Span<char> name = stackalloc char[AppServerLimits.HandlerNameCharacters];
        if (!TryText(name, out var length))
        {
            return "handler must be a handler's name.";
        }

        message.Handler = _application.Handler(name[..length]);
        return null;
    }

    private readonly bool TryText(Span<char> text, out int length)
    {
        length = 0;

        // Every character takes at least one byte, so this many bytes always fit.
        if (_reader.TokenType != JsonTokenType.String || _reader.ValueSpan.Length > text.Length)
        {
            return false;
        }

        length = _reader.CopyString(text);
        return true;
    }
}
