using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>A handler as one page fires it; the application joins those of the same name.</summary>
/// <param name="Name">its name in messages</param>
/// <param name="Scope">its function</param>
/// <param name="Position">where it is written</param>
/// <param name="Globals">page state that it may touch</param>
internal sealed record HandlerUse(string Name, FunctionScope Scope, SourcePosition Position, IReadOnlyList<string> Globals)
{
    /// <summary>The global function to call; null for inline code and listeners without a global name.</summary>
    public string? Function { get; init; }

    public string? InlineCode { get; init; }

    public string? Element { get; init; }

    public string? ListenerSource { get; init; }
}
