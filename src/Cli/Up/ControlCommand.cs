using System.Text.Json.Serialization;

namespace Mjolnir.Cli.Up;

/// <summary>What a running <c>up</c> can be told.</summary>
/// <param name="Do"><c>scale</c>, or <c>processes</c></param>
/// <param name="Stacks">with scale: how many V-stacks there shall be</param>
internal sealed record ControlCommand(string Do, int Stacks = 0);

/// <summary>A line of an answer: one of its fields.</summary>
internal sealed record ControlLine
{
    public string? Progress { get; init; }

    public string? Error { get; init; }

    public string? Hint { get; init; }

    public bool Done { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(ControlCommand))]
[JsonSerializable(typeof(ControlLine))]
internal sealed partial class ControlJson : JsonSerializerContext;
