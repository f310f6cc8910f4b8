namespace Mjolnir.Scripting.Applications;

/// <summary>Who may call a handler.</summary>
/// <param name="Everyone">also without signing in</param>
/// <param name="SignedIn">anyone signed in</param>
/// <param name="Users">these users</param>
/// <param name="Roles">users with one of these roles</param>
public sealed record Allow(bool Everyone, bool SignedIn, IReadOnlySet<string> Users, IReadOnlySet<string> Roles);

/// <summary>Something that can be called from outside and runs on the server as one transaction.</summary>
public sealed class Handler
{
    /// <summary>The name in the URL: a function's name, or <c>page.html#element.event</c> where the handler is no plain call.</summary>
    public required string Name { get; init; }

    /// <summary>Who may call it.</summary>
    public required Allow Allow { get; init; }

    /// <summary>The page whose scripts define it and whose elements it sees when the caller names no page.</summary>
    public required Pages.Page Page { get; init; }

    /// <summary>All pages from which it is called; a call that names another page is refused.</summary>
    public required IReadOnlyList<Pages.Page> Pages { get; init; }

    /// <summary>The global function to call with the arguments; null for inline code and anonymous listeners.</summary>
    public string? Function { get; init; }

    /// <summary>Inline handler code (the text of the attribute), or null.</summary>
    public string? InlineCode { get; init; }

    /// <summary>For inline code and listeners: the element that the event is on (reference as in pages.md), or null.</summary>
    public string? Element { get; init; }

    /// <summary>For an anonymous listener given to addEventListener: the exact source text of its function expression; null otherwise.</summary>
    public string? ListenerSource { get; init; }

    /// <summary>Where it is written.</summary>
    public required SourcePosition Position { get; init; }

    /// <summary>Page globals that it can reach by name (static, an upper bound): what the browser ships on the first call.</summary>
    public required IReadOnlyList<string> Globals { get; init; }
}
