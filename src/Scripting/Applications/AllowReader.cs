namespace Mjolnir.Scripting.Applications;

/// <summary>Reads who may call a handler.</summary>
internal static class AllowReader
{
    private const string RolePrefix = "role:";
    private const string Hint = "Write \"everyone\", \"signed-in\", a list of users [\"alice\", \"bob\"], or of roles [\"role:teller\"].";

    private static readonly HashSet<string> Nobody = [];

    /// <summary>The default: anyone signed in.</summary>
    public static Allow SignedIn { get; } = new(Everyone: false, SignedIn: true, Nobody, Nobody);

    private static Allow Everyone { get; } = new(Everyone: true, SignedIn: true, Nobody, Nobody);

    public static Allow Read(JsonItem item, IReadOnlyDictionary<string, HashSet<string>> roles, DiagnosticList diagnostics)
    {
        if (item is { IsString: true, Text: "everyone" })
        {
            return Everyone;
        }

        if (item is { IsString: true, Text: "signed-in" })
        {
            return SignedIn;
        }

        if (item.IsString)
        {
            diagnostics.Add(item.Position, $"'{item.Text}' is nothing that 'allow' can be", Nearest(item.Text) ?? Hint);
            return SignedIn;
        }

        return ReadList(item, roles, diagnostics);
    }

    private static string? Nearest(string text) => NearestName.Find(text, ["everyone", "signed-in"]) is { } name ? $"Did you mean \"{name}\"? {Hint}" : null;

    private static Allow ReadList(JsonItem item, IReadOnlyDictionary<string, HashSet<string>> roles, DiagnosticList diagnostics)
    {
        var users = new HashSet<string>(StringComparer.Ordinal);
        var allowed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in JsonShape.Strings(item, "'allow'", Hint, diagnostics))
        {
            if (!name.Text.StartsWith(RolePrefix, StringComparison.Ordinal))
            {
                users.Add(name.Text);
            }
            else if (roles.ContainsKey(name.Text[RolePrefix.Length..]))
            {
                allowed.Add(name.Text[RolePrefix.Length..]);
            }
            else
            {
                var role = name.Text[RolePrefix.Length..];
                diagnostics.Add(name.Position, $"there is no role '{role}'", NearestName.Hint(role, roles.Keys, $"Add \"roles\": {{\"{role}\": [\"alice\"]}}."));
            }
        }

        return new Allow(Everyone: false, SignedIn: false, users, allowed);
    }
}
