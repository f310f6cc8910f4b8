namespace Mjolnir.Scripting.Applications;

/// <summary>Reads <c>mjolnir.json</c>: every mistake has its place, and what is right is read all the same, so that all mistakes come at once.</summary>
internal sealed class ManifestReader(DiagnosticList diagnostics)
{
    private static readonly string[] TopLevel = ["name", "tables", "handlers", "roles"];
    private static readonly string[] NotYet = ["daemons"];

    private readonly Manifest _manifest = new();

    /// <summary>What could be read; an empty manifest, with diagnostics, if nothing could.</summary>
    public Manifest Read(SourceFile file)
    {
        if (JsonItemReader.Read(file, diagnostics) is not { } root)
        {
            return _manifest;
        }

        if (!root.IsObject)
        {
            diagnostics.Add(root.Position, $"mjolnir.json must be an object, not {root.KindInWords}", "Start with {\"name\": \"…\", \"tables\": {}}.");
            return _manifest;
        }

        JsonShape.CheckNames(root, TopLevel, NotYet, "mjolnir.json", diagnostics);
        ReadName(root);
        ReadRoles(root);
        ReadTables(root);
        ReadHandlers(root);
        return _manifest;
    }

    private void ReadName(JsonItem root)
    {
        const string Hint = "Lower-case letters, digits and '-', beginning with a letter, at most 32 characters: it is part of every row's key.";
        if (root.Member("name") is not { Value: var name })
        {
            diagnostics.Add(root.Position, "'name' is missing", "Add \"name\": \"my-app\". " + Hint);
        }
        else if (!name.IsString)
        {
            diagnostics.Add(name.Position, $"'name' must be a string, not {name.KindInWords}", Hint);
        }
        else if (!IsApplicationName(name.Text))
        {
            diagnostics.Add(name.Position, $"'{name.Text}' cannot be an application's name", Hint);
        }
        else
        {
            _manifest.Name = name.Text;
        }
    }

    private static bool IsApplicationName(string name) =>
        name.Length is > 0 and <= ApplicationLimits.MaxNameLength && char.IsAsciiLetterLower(name[0])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private void ReadTables(JsonItem root)
    {
        if (!JsonShape.TryObject(root, "tables", diagnostics, out var tables))
        {
            return;
        }

        var reader = new TableReader(diagnostics);
        foreach (var table in tables.Members)
        {
            if (reader.Read(table, out var seed) is { } schema)
            {
                _manifest.Tables[schema.Name] = schema;
                if (seed is not null)
                {
                    _manifest.SeedPositions[schema.Name] = seed;
                }
            }
        }
    }

    private void ReadRoles(JsonItem root)
    {
        if (!JsonShape.TryObject(root, "roles", diagnostics, out var roles))
        {
            return;
        }

        foreach (var role in roles.Members)
        {
            var users = _manifest.Roles[role.Name] = new HashSet<string>(StringComparer.Ordinal);
            foreach (var user in JsonShape.Strings(role.Value, $"role '{role.Name}'", "List the users who have it: [\"alice\"].", diagnostics))
            {
                users.Add(user.Text);
            }
        }
    }

    private void ReadHandlers(JsonItem root)
    {
        if (!JsonShape.TryObject(root, "handlers", diagnostics, out var handlers))
        {
            return;
        }

        foreach (var (name, position, value) in handlers.Members)
        {
            var allow = AllowReader.SignedIn;
            if (!value.IsObject)
            {
                diagnostics.Add(value.Position, $"handler '{name}' must be an object, not {value.KindInWords}", "Write {\"allow\": \"signed-in\"}.");
            }
            else
            {
                JsonShape.CheckNames(value, ["allow"], [], $"handler '{name}'", diagnostics);
                allow = value.Member("allow") is { } given ? AllowReader.Read(given.Value, _manifest.Roles, diagnostics) : allow;
            }

            _manifest.Handlers[name] = new DeclaredHandler(name, position, allow);
        }
    }
}
