using System.Text.Json;
using System.Text.Json.Serialization;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Views;

namespace Mjolnir.Core.Wire;

/// <summary>How our JSON objects are written: camel case, kinds as words, stamps as <c>log:batch</c>, nothing missing on reading.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(StampJsonConverter), typeof(WordConverter<ManifestKind>), typeof(WordConverter<RunChainKind>)])]
[JsonSerializable(typeof(ManifestEntry))]
[JsonSerializable(typeof(RunChainEntry))]
[JsonSerializable(typeof(ClusterView))]
[JsonSerializable(typeof(LogDeclarations))]
internal sealed partial class ObjectJson : JsonSerializerContext;

/// <summary>Kinds as words in small letters.</summary>
internal sealed class WordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
