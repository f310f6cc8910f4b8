using System.Text.Json;

namespace Mjolnir.AppServer.Sessions;

/// <summary>Name and password as they were typed; never logged.</summary>
internal readonly record struct Credentials(string User, string Password)
{
    /// <summary>Reads <c>{"user","password"}</c>; null if it is not that.</summary>
    public static Credentials? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = AppServerLimits.JsonDepth });
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && Text(root, "user") is { } user && Text(root, "password") is { } password
                ? new Credentials(user, password)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or a text with half a surrogate pair: either way not what is asked for.
            return null;
        }
    }

    public override string ToString() => nameof(Credentials);

    /// <summary>The text; empty if missing or null, so that open sign-in needs no password; null if it is no text.</summary>
    private static string? Text(JsonElement root, string name)
        => !root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? ""
            : value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
