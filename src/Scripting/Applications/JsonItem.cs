using System.Text.Json;

namespace Mjolnir.Scripting.Applications;

/// <summary>A JSON value that knows where it is written.</summary>
internal sealed class JsonItem
{
    public required JsonTokenType Kind { get; init; }

    public required SourcePosition Position { get; init; }

    /// <summary>The text of a string, the digits of a number.</summary>
    public string Text { get; init; } = "";

    public IReadOnlyList<JsonMember> Members { get; init; } = [];

    public IReadOnlyList<JsonItem> Items { get; init; } = [];

    public bool IsObject => Kind == JsonTokenType.StartObject;

    public bool IsArray => Kind == JsonTokenType.StartArray;

    public bool IsString => Kind == JsonTokenType.String;

    public JsonMember? Member(string name) => Members.FirstOrDefault(member => member.Name == name);

    /// <summary>Its kind in words, for messages.</summary>
    public string KindInWords => Kind switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };
}

/// <summary>A property of an object.</summary>
internal sealed record JsonMember(string Name, SourcePosition Position, JsonItem Value);
